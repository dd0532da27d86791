import type { SecureContextOptions } from 'node:tls'
import { createCa, createServerCertificate } from '../../transport/tls.js'
import { DAY_MS, type KeyPairPem } from '../../transport/x509.js'

/** How a global shows itself to who dials it. */
export const FACES = ['plaintext', 'trusted', 'unknown-authority', 'wrong-name', 'expired', 'tls-1.1'] as const
export type Face = (typeof FACES)[number]

/** OpenSSL takes versions that are no longer safe at this level alone. */
const OLD_CIPHERS = 'DEFAULT:@SECLEVEL=0'

/** The certificates of one run, each with what is wrong about it, and the authority that zones are told to trust. */
export class Faces {
  readonly caPem: string
  readonly #contexts: Readonly<Record<Face, SecureContextOptions | undefined>>

  constructor(nowMs: number) {
    const ca = createCa({ name: 'zonelab conformance', nowMs })
    const stranger = createCa({ name: 'zonelab stranger', nowMs })
    const trusted = contextOf(createServerCertificate({ ca, nowMs }))
    this.caPem = ca.certPem
    this.#contexts = {
      plaintext: undefined,
      trusted,
      'unknown-authority': contextOf(createServerCertificate({ ca: stranger, nowMs })),
      'wrong-name': contextOf(createServerCertificate({ ca, nowMs, hosts: ['elsewhere.example'], loopback: false })),
      expired: contextOf(createServerCertificate({ ca, nowMs: nowMs - 30 * DAY_MS, days: 1 })),
      'tls-1.1': { ...trusted, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: OLD_CIPHERS },
    }
  }

  /** Undefined: no TLS. */
  contextOf(face: Face): SecureContextOptions | undefined {
    return this.#contexts[face]
  }
}

function contextOf({ certPem, keyPem }: KeyPairPem): SecureContextOptions {
  return { cert: certPem, key: keyPem }
}
