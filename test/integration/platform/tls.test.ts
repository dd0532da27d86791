import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { silentLogger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import { PlatformProcess } from '../../../src/platform/compose.js'
import { readPlatformConfig } from '../../../src/platform/config.js'
import { keptFetch } from '../../../src/transport/http/kept-fetch.js'
import { createCa, createServerCertificate } from '../../../src/transport/tls.js'
import { eventually } from '../kds/control-planes.js'

let folder: string
let platform: PlatformProcess | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-tls-'))
})
afterEach(async () => {
  await platform?.stop()
  platform = undefined
  rmSync(folder, { recursive: true })
})

/** The port of its API. */
async function start(settings: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const file = { regions: 'us=0', diagnosticsPort: 0, ...settings }
  const { values } = readPlatformConfig({ file, env: {} })
  platform = new PlatformProcess(values, { clock: systemClock, random: systemRandom, log: silentLogger })
  return (await platform.start()).us ?? 0
}

const PATH = '/v3/users/me'

test('the API is served with the certificate that it is given, and without TLS it is not', async () => {
  const nowMs = systemClock.nowMs()
  const ca = createCa({ name: 'the ca of a test', nowMs })
  const { certPem, keyPem } = createServerCertificate({ ca, nowMs })
  const [tlsCertFile, tlsKeyFile] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  writeFileSync(tlsCertFile, certPem)
  writeFileSync(tlsKeyFile, keyPem)
  const port = await start({ tlsCertFile, tlsKeyFile })
  const trusting = keptFetch(ca.certPem)
  expect((await trusting(`https://127.0.0.1:${port}${PATH}`)).status).toBe(401)
  const stranger = createCa({ name: 'another ca', nowMs })
  await expect(keptFetch(stranger.certPem)(`https://127.0.0.1:${port}${PATH}`)).rejects.toThrow()
  await expect(fetch(`http://127.0.0.1:${port}${PATH}`)).rejects.toThrow()
})

test('a certificate that is renewed on disk is served from then on, without a restart', async () => {
  const nowMs = systemClock.nowMs()
  const [tlsCertFile, tlsKeyFile] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  const write = (ca: ReturnType<typeof createCa>) => {
    const { certPem, keyPem } = createServerCertificate({ ca, nowMs })
    writeFileSync(tlsKeyFile, keyPem)
    writeFileSync(tlsCertFile, certPem)
  }
  const [before, after] = [createCa({ name: 'before', nowMs }), createCa({ name: 'after', nowMs })]
  write(before)
  const port = await start({ regions: 'us=0,eu=0', tlsCertFile, tlsKeyFile })
  const status = async (ca: ReturnType<typeof createCa>) => {
    const answer = await keptFetch(ca.certPem)(`https://127.0.0.1:${port}${PATH}`).catch(() => undefined)
    return answer?.status
  }
  expect(await status(before)).toBe(401)
  write(after)
  await eventually('the new certificate is served', () => status(after))
  expect(await status(before)).toBeUndefined()
})

test('by default with one of its own, which nobody can verify', async () => {
  const port = await start()
  await expect(keptFetch(undefined)(`https://127.0.0.1:${port}${PATH}`)).rejects.toMatchObject({
    code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/),
  })
})

test('plaintext is for this machine, unless others are meant', async () => {
  const port = await start({ tls: false })
  expect((await fetch(`http://127.0.0.1:${port}${PATH}`)).status).toBe(401)
  await expect(start({ tls: false, listen: '0.0.0.0' })).rejects.toMatchObject({
    code: 'guard-rail',
    message: expect.stringContaining('--insecure true'),
  })
})
