import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { type Logger, silentLogger } from '../../../src/base/log.js'
import { watchCertificate } from '../../../src/transport/certificate-watch.js'
import { createCa, createServerCertificate } from '../../../src/transport/tls.js'
import type { KeyPairPem } from '../../../src/transport/x509.js'

const ca = createCa({ name: 'test', nowMs: systemClock.nowMs() })
const fresh = () => createServerCertificate({ ca, nowMs: systemClock.nowMs() })

function watched(log: Partial<Logger> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-certificate-'))
  const certFile = join(folder, 'tls.crt')
  const keyFile = join(folder, 'tls.key')
  const write = ({ certPem, keyPem }: KeyPairPem) => {
    writeFileSync(keyFile, keyPem)
    writeFileSync(certFile, certPem)
  }
  write(fresh())
  let tell = (_pair: KeyPairPem) => {}
  const changed = new Promise<KeyPairPem>((resolve) => {
    tell = resolve
  })
  const stop = watchCertificate({
    certFile,
    keyFile,
    read: () => ({ certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') }),
    onChange: (pair) => tell(pair),
    clock: systemClock,
    log: { ...silentLogger, ...log },
  })
  onTestFinished(() => {
    stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return { write, changed }
}

test('a pair that is replaced on disk is told, both halves of it', async () => {
  const { write, changed } = watched()
  const next = fresh()
  write(next)
  expect(await changed).toEqual(next)
})

test('a pair that does not fit is said, and the next one that fits is told', async () => {
  let said = () => {}
  const warned = new Promise<void>((resolve) => {
    said = resolve
  })
  const { write, changed } = watched({ warn: () => said() })
  write({ certPem: fresh().certPem, keyPem: 'no key' })
  await warned
  const next = fresh()
  write(next)
  expect(await changed).toEqual(next)
})
