import { ADMIN } from '../../auth/api-user.js'
import { USER_REVOCATIONS } from '../../auth/token-secrets.js'
import type { Case } from '../case.js'
import type { TargetApi } from '../target-api.js'
import { segmentsOf } from '../tokens/base-token.js'
import { rowsOf } from './row.js'

/** Beyond auth.md §4: what takes a user token back. */
const row = rowsOf('identity')
const PATH = `/global-secrets/${USER_REVOCATIONS.name}`
const FROM_ELSEWHERE = { 'x-forwarded-for': '192.0.2.1' }
/** Kuma reads the list through a cache of one second. */
const KNOWN_WITHIN_MS = 10_000

export const USER_REVOCATION: readonly Case[] = [
  row.scenario(
    230,
    'a user token whose id is on the list is refused',
    {
      basis: 'kuma',
      norm: 'Kuma revocation list',
      profiles: ['user-token'],
      needs: ['api'],
      safety: 'intrusive',
    },
    async (stage) => {
      const { api } = await stage.ground()
      const token = await api.issue('/tokens/user', { name: ADMIN, groups: [ADMIN], validFor: '1h' })
      const asked = async () => (await api.send('GET', '/global-secrets', undefined, token, FROM_ELSEWHERE)).status
      const before = await asked()
      stage.check('not on the list it is taken', before === 200, `HTTP ${before}`)
      const putBack = await revoked(api, token)
      try {
        const refused = await stage.until(KNOWN_WITHIN_MS, async () => (await asked()) === 401)
        stage.check('on the list it is refused', refused, `HTTP ${await asked()}`)
      } finally {
        await putBack()
      }
    },
  ),
]

/** Puts the token's id on the list, beside what was there; returns what undoes it. */
async function revoked(api: TargetApi, token: string): Promise<() => Promise<void>> {
  const [, payload] = segmentsOf(token)
  const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti?: string }
  const there = await api.get(PATH)
  const list = there === undefined ? '' : Buffer.from(String(there.data ?? ''), 'base64').toString()
  const write = (text: string) =>
    api.put(PATH, { type: 'GlobalSecret', name: USER_REVOCATIONS.name, data: Buffer.from(text).toString('base64') })
  await write([list.trim(), jti].filter(Boolean).join(','))
  return () => (there === undefined ? api.delete(PATH) : write(list))
}
