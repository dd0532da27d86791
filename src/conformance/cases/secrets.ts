import { createHash, type KeyObject } from 'node:crypto'
import { ADMIN_USER_TOKEN, USER_KEYS, ZONE_KEYS } from '../../auth/token-secrets.js'
import type { Case } from '../case.js'
import type { Stage } from '../stage.js'
import type { TargetApi } from '../target-api.js'
import { readSigningKey, secretPath } from '../target-keys.js'
import { ACCOUNTS, CONTROL_PLANES } from '../target-platform.js'
import { rowsOf } from './row.js'

/** auth.md §4.11, the row on what is handed out: no key, digest or token, to a zone or in a list. */
const row = rowsOf('cross-use')
/** Long enough for the first answers of a stream on a busy machine. */
const ANSWERED_WITHIN_MS = 20_000
/** From this machine anyone may be the admin (Kuma's localhost rule). */
const FROM_ELSEWHERE = { 'x-forwarded-for': '192.0.2.1' }

/** What must be seen nowhere, in every spelling in which it could be. */
interface Secret {
  readonly name: string
  readonly spellings: readonly (string | Buffer)[]
}

/** Lists that anybody may have a reason to read, and those of secrets. */
const LISTS = ['/meshes', '/zones', '/zones/_overview', '/dataplanes', '/hostnamegenerators', '/_resources', '/config']
const SECRET_LISTS = ['/global-secrets', '/meshes/default/secrets', '/secrets']

/** Kuma syncs none of these; the public halves of the keys of zone tokens have a name of their own. */
const NEVER_SYNCED: readonly Secret[] = [
  { name: 'a private key', spellings: ['PRIVATE KEY-----'] },
  { name: 'a secret called user-token-signing-key', spellings: ['user-token-signing-key'] },
  { name: `a secret called ${ADMIN_USER_TOKEN.name}`, spellings: [ADMIN_USER_TOKEN.name] },
]

export const SECRETS: readonly Case[] = [
  row.scenario(
    213,
    'a zone is sent the public half of the signing keys, and neither it nor who reads a list any other secret',
    { basis: 'kuma', norm: 'Kuma KDS mapper', profiles: ['zone-jwt', 'konnect-sat'], needs: ['keys', 'api'] },
    async (stage) => {
      const token = await stage.bench.legalToken()
      const secrets = await secretsOf(stage.api, token)
      await sentToZones(stage, token, secrets)
      await inLists(stage, token, secrets)
      if (isAccessToken(token)) await atThePlatform(stage, token)
    },
  ),
]

async function sentToZones(stage: Stage, token: string, secrets: readonly Secret[]): Promise<void> {
  const fields = stage.bench.fields(token)
  for (const resourceType of ['GlobalSecret', 'Secret'] as const) {
    const stream = await stage.open('GlobalToZoneSync', { fields, resourceType })
    const isThere = () =>
      resourceType === 'GlobalSecret'
        ? stream.received.includes('zone-token-signing-public-key')
        : stream.received.length > 0
    stage.check(`${resourceType}s are sent`, await stage.until(ANSWERED_WITHIN_MS, isThere), 'no answer came')
    for (const { name, spellings } of resourceType === 'GlobalSecret' ? [...NEVER_SYNCED, ...secrets] : secrets) {
      const found = spellings.some((spelling) => stream.received.includes(spelling))
      stage.check(`${name} is not among the ${resourceType}s`, !found, 'it is in what a zone receives')
    }
  }
}

/** To whoever is no admin no list shows a secret; to an admin those of secrets alone. */
async function inLists(stage: Stage, token: string, secrets: readonly Secret[]): Promise<void> {
  const { bench, api } = stage
  const everything = [...LISTS, ...SECRET_LISTS]
  const readers: readonly (readonly [who: string, as: string | null | undefined, paths: readonly string[]])[] = [
    ['nobody', null, everything],
    ['a zone', token, everything],
    isAccessToken(token)
      ? ['a Viewer', await viewer(bench), everything]
      : ['a user without a right', await bench.tokenOf('user'), everything],
    ['the admin', undefined, LISTS],
  ]
  for (const [who, as, paths] of readers) {
    const shown: string[] = []
    for (const path of paths) {
      const { body } = await api.send('GET', `${path}?size=1000`, undefined, as, FROM_ELSEWHERE)
      shown.push(...found(body, secrets).map((name) => `GET ${path} shows ${name}`))
    }
    stage.check(`no list shows ${who} a secret`, shown.length === 0, shown.join(', '))
  }
  const { body } = await api.send('GET', '/global-secrets?size=1000')
  stage.check('the admin is shown the keys, by which they are known', found(body, secrets).length > 0, 'none is found')
}

function viewer({ platform, cpId }: Stage['bench']): Promise<string> {
  return platform.tokenWith({ role: 'Viewer', on: cpId?.id ?? '*' })
}

/** Tokens are shown once, at their making, and digests never. */
async function atThePlatform(stage: Stage, token: string): Promise<void> {
  const { platform } = stage.bench
  const { path, token: another } = await platform.account()
  const secrets = [...accessToken('the token of this zone', token), ...accessToken('a new token', another)]
  for (const list of [ACCOUNTS, path, `${path}/access-tokens`, CONTROL_PLANES, '/v3/teams', '/v3/users']) {
    const { body } = await platform.api.send('GET', list)
    const shown = found(body, secrets)
    stage.check(`GET ${list.replace(path, `${ACCOUNTS}/ID`)} shows no token`, shown.length === 0, shown.join(', '))
  }
}

function found(text: string, secrets: readonly Secret[]): readonly string[] {
  return secrets
    .filter(({ spellings }) => spellings.some((one) => typeof one === 'string' && text.includes(one)))
    .map(({ name }) => name)
}

/** What the admin's own API says of them. One that a target does not have is not looked for. */
async function secretsOf(api: TargetApi, token: string): Promise<readonly Secret[]> {
  const zoneKey = await readSigningKey(api, ZONE_KEYS)
  const userKey = await readSigningKey(api, USER_KEYS).catch(() => undefined)
  const dataOf = async (path: string) => String((await api.get(path).catch(() => undefined))?.data ?? '')
  const admin = await dataOf(`/global-secrets/${ADMIN_USER_TOKEN.name}`)
  return [
    privateKey('the signing key of zones', zoneKey.privateKey, await dataOf(secretPath(ZONE_KEYS, zoneKey.kid))),
    ...(userKey
      ? [privateKey('the signing key of users', userKey.privateKey, await dataOf(secretPath(USER_KEYS, userKey.kid)))]
      : []),
    ...(admin === ''
      ? []
      : [{ name: 'the token of the admin', spellings: [admin, Buffer.from(admin, 'base64').toString()] }]),
    ...(isAccessToken(token) ? accessToken('the token of the zone', token) : []),
  ]
}

/** A key may be stored as PEM or as DER; a prime of it is in both, and in the first spelled. */
function privateKey(name: string, key: KeyObject, data: string): Secret {
  const pem = key.export({ type: 'pkcs1', format: 'pem' }).toString()
  const { p = '', d = '' } = key.export({ format: 'jwk' })
  const [, , , , line = pem] = pem.split('\n')
  return { name, spellings: [line, Buffer.from(p, 'base64url'), Buffer.from(d, 'base64url'), ...(data ? [data] : [])] }
}

function accessToken(name: string, token: string): readonly Secret[] {
  const digest = createHash('sha256').update(token).digest()
  const spellings = [digest, digest.toString('hex'), digest.toString('base64'), digest.toString('base64url')]
  return [
    { name, spellings: [token] },
    { name: `the digest of ${name}`, spellings },
  ]
}

function isAccessToken(token: string): boolean {
  return !token.includes('.')
}
