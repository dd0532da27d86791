import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readJws } from '../../../src/auth/gate.js'
import { type Api, ControlPlanes, timeout, whenNamed, whenOnline } from './control-planes.js'

/** auth.md rows 142, 144 to 146 over real sockets: one global per policy, real zones with zone tokens. */

/** Control planes make several RSA keys at their start, which takes long on a machine that is full. */
vi.setConfig({ testTimeout: 120_000 })

let planes: ControlPlanes

beforeEach(() => {
  planes = new ControlPlanes()
})

afterEach(() => planes.close())

const withTokens = { kdsAuth: 'zone-token', insecure: true } as const

const issue = (api: Api, zone: string) => api.text('/tokens/zone', { zone, scope: ['cp'], validFor: '1h' })

function idOf(token: string): string {
  const jws = readJws(token)
  if (jws.kind === 'refused') throw new Error(jws.text)
  return (JSON.parse(jws.payload.toString()) as { jti: string }).jti
}

const secret = (name: string, text: string) => ({
  type: 'GlobalSecret',
  name,
  data: Buffer.from(text).toString('base64'),
})

test('rows 142, 144, 145: strict ends the streams of a revoked token, nothing follows, and a new token in the file lets the zone in', async () => {
  const { api, address } = await planes.global({ ...withTokens, openStreams: 'strict' })
  const token = await issue(api, 'zone-1')
  const tokenPath = planes.file('zone-1.jwt', `${token}\n`)
  const zone = await planes.zone('zone-1', address, { tokenPath, insecure: true })
  await whenOnline(api, 'zone-1')
  await whenNamed(zone.api, '/meshes', 'default')
  const revocations = '/global-secrets/zone-token-revocations'
  await api.put(revocations, secret('zone-token-revocations', idOf(token)))
  await whenOnline(api, 'zone-1', false)
  await api.put('/meshes/default/meshtimeouts/later', timeout('later'))
  expect(await zone.api.names('/meshes/default/meshtimeouts')).not.toContain('later')
  planes.file('zone-1.jwt', await issue(api, 'zone-1'))
  await whenOnline(api, 'zone-1')
  await whenNamed(zone.api, '/meshes/default/meshtimeouts', 'later')
})

test('row 146: strict ends the streams of a key that is deleted', async () => {
  const { api, address } = await planes.global({ ...withTokens, openStreams: 'strict' })
  await planes.zone('zone-1', address, { tokenInline: await issue(api, 'zone-1'), insecure: true })
  await whenOnline(api, 'zone-1')
  await api.delete('/global-secrets/zone-token-signing-key-1')
  await whenOnline(api, 'zone-1', false)
})

test('row 142: parity lets them live, as Kuma', async () => {
  const { api, address } = await planes.global(withTokens)
  const token = await issue(api, 'zone-1')
  const zone = await planes.zone('zone-1', address, { tokenInline: token, insecure: true })
  await whenOnline(api, 'zone-1')
  await api.put('/global-secrets/zone-token-revocations', secret('zone-token-revocations', idOf(token)))
  await api.put('/meshes/default/meshtimeouts/later', timeout('later'))
  await whenNamed(zone.api, '/meshes/default/meshtimeouts', 'later')
  expect(await api.names('/zones')).toEqual(['zone-1'])
  await whenOnline(api, 'zone-1')
})
