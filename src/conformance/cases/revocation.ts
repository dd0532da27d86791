import { ZONE_REVOCATIONS } from '../../auth/token-secrets.js'
import type { Answer } from '../answer.js'
import type { Case } from '../case.js'
import { RPCS } from '../rpc.js'
import type { Side, Stage } from '../stage.js'
import { tokenWith } from '../tokens/base-token.js'
import { OK, PD, rowsOf, U } from './row.js'

/** auth.md §4.7, second part: what takes a token back. */
const row = rowsOf('identity')
const CHANGES_LIST = { needs: ['keys', 'api'], safety: 'intrusive' } as const
const FORMAT = 'Kuma revocation list'
/** Kuma reads the list through a cache of one second. */
const KNOWN_WITHIN_MS = 10_000
const PATH = `/global-secrets/${ZONE_REVOCATIONS.name}`
const LONG_LIST = 100_000

/** The list is exactly this, and known to be: a token that the same write revoked has been refused. */
async function revoke(stage: Stage, side: Side, listOf: (marker: string) => string): Promise<void> {
  const marker = side.bench.uuid()
  const data = Buffer.from(listOf(marker)).toString('base64')
  await side.api.put(PATH, { type: 'GlobalSecret', name: ZONE_REVOCATIONS.name, data })
  const fields = side.bench.fields(tokenWith(side.bench, { claims: { jti: marker } }))
  const known = await stage.until(
    KNOWN_WITHIN_MS,
    async () => (await side.call('HealthCheck', { fields })).answer !== 'OK',
  )
  stage.check('the list is known to the target', known, 'a token that it names is refused')
}

/** The id that a token goes by, as it says itself. */
function jtiOf(token: string): string {
  const [, payload = ''] = token.split('.')
  return String((JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti?: unknown }).jti)
}

interface Listed {
  readonly name: string
  /** The list, from the id of the token and one that has to be on it. */
  readonly list: (jti: string, marker: string) => string
  readonly expect: readonly Answer[]
  readonly jti?: 'none'
}

/** A legal token, then the list, then the same token. */
function listed(lists: readonly Listed[]): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const side = await stage.ground()
    for (const { name, list, expect, jti: carried } of lists) {
      const jti = side.bench.uuid()
      const token = tokenWith(side.bench, { claims: { jti: carried === 'none' ? undefined : jti } })
      await revoke(stage, side, (marker) => list(jti, marker))
      for (const rpc of ['HealthCheck', 'GlobalToZoneSync'] as const) {
        stage.expect(`${name} on ${rpc}`, await side.call(rpc, { fields: side.bench.fields(token) }), expect)
      }
    }
    await side.api.delete(PATH)
  }
}

export const REVOCATION: readonly Case[] = [
  row.scenario(
    132,
    'a token whose id is on the list is refused',
    { basis: 'kuma', norm: FORMAT, ...CHANGES_LIST },
    listed([
      { name: 'not on the list', list: (_jti, marker) => marker, expect: OK },
      { name: 'on the list', list: (jti, marker) => `${jti},${marker}`, expect: U },
    ]),
  ),
  row.scenario(
    133,
    'it may stand anywhere on the list, and one newline may end it',
    { basis: 'kuma', norm: FORMAT, ...CHANGES_LIST },
    listed([
      { name: 'in the middle', list: (jti, marker) => `id0,${jti},${marker}`, expect: U },
      { name: 'last, with a newline', list: (jti, marker) => `${marker},${jti}\n`, expect: U },
    ]),
  ),
  row.scenario(
    134,
    'ids are compared exactly',
    { basis: 'kuma', norm: FORMAT, ...CHANGES_LIST },
    listed([
      { name: 'after a space', list: (jti, marker) => `${marker}, ${jti}`, expect: OK },
      { name: 'in upper case', list: (jti, marker) => `${marker},${jti.toUpperCase()}`, expect: OK },
      { name: 'within a longer one', list: (jti, marker) => `${marker},x${jti}x`, expect: OK },
    ]),
  ),
  row.scenario(
    135,
    'a token without id is not revoked by a list of others',
    { basis: 'kuma', norm: FORMAT, ...CHANGES_LIST },
    listed([{ name: 'no id', list: (_jti, marker) => `id0,${marker}`, expect: OK, jti: 'none' }]),
  ),
  row.scenario(
    136,
    'a list that ends with a comma revokes tokens without id',
    { basis: 'kuma', norm: FORMAT, ...CHANGES_LIST },
    listed([{ name: 'no id', list: (_jti, marker) => `${marker},`, expect: U, jti: 'none' }]),
  ),
  row.scenario(
    137,
    'the list of one control plane revokes nothing of another',
    {
      basis: 'ours',
      norm: 'a list is of its control plane',
      profiles: ['kds-multitenant'],
      needs: ['platform', 'keys'],
    },
    async (stage) => {
      const { bench, call } = stage
      const { zone } = bench
      const other = await bench.platform.sibling()
      const theirs = await other.api.issue('/tokens/zone', { zone, scope: ['cp'], validFor: '1h' })
      const there = { fields: bench.fields(theirs, zone, other.id) }
      const jti = bench.uuid()
      const here = { fields: bench.fields(tokenWith(bench, { claims: { jti } })) }
      stage.expect('theirs, before', await call('HealthCheck', there), OK)
      stage.expect('ours, before', await call('HealthCheck', here), OK)
      const data = Buffer.from(`${jti},${jtiOf(theirs)}`).toString('base64')
      await other.api.put(PATH, { type: 'GlobalSecret', name: ZONE_REVOCATIONS.name, data })
      await stage.until(KNOWN_WITHIN_MS, async () => (await call('HealthCheck', there)).answer !== 'OK')
      for (const rpc of RPCS) {
        stage.expect(`theirs on ${rpc}, which their list names`, await call(rpc, there), U)
        stage.expect(`ours on ${rpc}, which their list names too`, await call(rpc, here), OK)
      }
    },
  ),
  row.scenario(
    138,
    'a long list gives the same answers in bounded time',
    { basis: 'ours', norm: 'bounded work', ...CHANGES_LIST },
    listed([
      { name: 'not on it', list: (_jti, marker) => `${longList()},${marker}`, expect: OK },
      { name: 'on it', list: (jti, marker) => `${longList()},${jti},${marker}`, expect: U },
    ]),
  ),
  row.scenario(
    139,
    'while keys and revocations cannot be known nobody is let in',
    {
      basis: 'ours',
      norm: 'never fail open',
      needs: ['operator'],
      delta: { zonelab: 'unavailable', kuma: 'unauthenticated' },
    },
    async (stage) => {
      const { bench, call, instance } = await stage.instance({})
      const draft = { fields: bench.fields(await bench.legalToken()) }
      stage.expect('store up', await call('HealthCheck', draft), OK)
      await instance.setStoreDown(true)
      for (const rpc of ['HealthCheck', 'GlobalToZoneSync', 'ZoneToGlobalSync'] as const) {
        stage.expect(`store down, ${rpc}`, await call(rpc, draft), ['UNAVAILABLE', 'CONNECTION'], U)
      }
      await instance.setStoreDown(false)
      await stage.until(KNOWN_WITHIN_MS, async () => (await call('HealthCheck', draft)).answer === 'OK')
      stage.expect('store up again', await call('HealthCheck', draft), OK)
    },
  ),
  row.scenario(
    140,
    'of several faults the signature is the one that counts',
    { basis: 'kuma', norm: 'Kuma validation order', ...CHANGES_LIST },
    async (stage) => {
      const side = await stage.ground()
      const { bench } = side
      const jti = bench.uuid()
      await revoke(stage, side, (marker) => `${jti},${marker}`)
      const token = tokenWith(bench, { claims: { jti, exp: bench.nowS - 60 }, key: bench.strangerKey })
      const exchange = await side.call('HealthCheck', { fields: bench.fields(token) })
      stage.expect('forged, expired and revoked', exchange, U)
      const told = /revoked|expired/i.test(exchange.text)
      stage.check('neither list nor time is told', !told, exchange.text)
      await side.api.delete(PATH)
    },
  ),
  row.scenario(
    141,
    'of another zone and a missing scope the zone is told',
    { basis: 'kuma', norm: 'Kuma validation order', needs: ['keys'] },
    async (stage) => {
      const { bench } = stage
      const token = tokenWith(bench, { claims: { Zone: bench.unseenZone, Scope: [] } })
      const exchange = await stage.call('HealthCheck', { fields: bench.fields(token) })
      stage.expect('another zone, no scope', exchange, PD)
      stage.check(
        'the zone is told',
        exchange.text.includes(bench.unseenZone) || !/scope/i.test(exchange.text),
        exchange.text,
      )
    },
  ),
]

function longList(): string {
  return Array.from({ length: LONG_LIST }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`).join(
    ',',
  )
}
