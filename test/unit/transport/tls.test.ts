import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createCa, createServerCertificate } from '../../../src/transport/tls.js'

const NOW_MS = Date.UTC(2026, 0, 1)
const CA = createCa({ name: 'zonelab lab-1 CA', nowMs: NOW_MS })
const HOSTS = ['global.lab.internal', '10.1.2.3', 'fd00::1:2', '::ffff:1.2.3.4']

describe('the certificate authority', () => {
  const authority = new X509Certificate(CA.certPem)

  it('signs itself and may sign others', () => {
    expect(authority.ca).toBe(true)
    expect(authority.subject).toBe('O=zonelab\nCN=zonelab lab-1 CA')
    expect(authority.issuer).toBe(authority.subject)
    expect(authority.verify(authority.publicKey)).toBe(true)
    expect(authority.checkPrivateKey(createPrivateKey(CA.keyPem))).toBe(true)
  })

  it('is valid from a little before now, for ten years', () => {
    expect(authority.validFromDate.toISOString()).toBe('2025-12-31T23:55:00.000Z')
    expect(authority.validToDate.toISOString()).toBe('2035-12-30T00:00:00.000Z')
  })

  it('can outlive the two-digit years of certificates', () => {
    const old = new X509Certificate(createCa({ name: 'old', nowMs: NOW_MS, days: 20_000 }).certPem)
    expect(old.validToDate.toISOString()).toBe('2080-10-04T00:00:00.000Z')
  })

  it('has a name that cannot be taken for several', () => {
    expect(() => createCa({ name: 'a, CN=b', nowMs: NOW_MS })).toThrow(/common name/)
  })
})

describe('a server certificate', () => {
  const pair = createServerCertificate({ ca: CA, nowMs: NOW_MS, hosts: HOSTS })
  const server = new X509Certificate(pair.certPem)
  const authority = new X509Certificate(CA.certPem)

  it('is signed by its authority and may sign nothing', () => {
    expect(server.checkIssued(authority)).toBe(true)
    expect(server.verify(authority.publicKey)).toBe(true)
    expect(server.ca).toBe(false)
    expect(server.checkPrivateKey(createPrivateKey(pair.keyPem))).toBe(true)
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  })

  it('holds for its hosts and for loopback, and for nothing else', () => {
    for (const ip of ['10.1.2.3', 'fd00::1:2', '127.0.0.1', '::1', '::ffff:102:304'])
      expect(server.checkIP(ip)).toBe(ip)
    expect(server.checkHost('global.lab.internal')).toBe('global.lab.internal')
    expect(server.checkHost('localhost')).toBe('localhost')
    expect(server.checkIP('10.1.2.4')).toBeUndefined()
    expect(server.checkHost('zonelab')).toBeUndefined()
  })

  it('is another one each time', () => {
    const again = new X509Certificate(createServerCertificate({ ca: CA, nowMs: NOW_MS }).certPem)
    expect(again.serialNumber).not.toBe(server.serialNumber)
    expect(again.fingerprint256).not.toBe(server.fingerprint256)
  })
})
