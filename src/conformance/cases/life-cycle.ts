import { generateSigningKeyPem } from '../../auth/rsa-key.js'
import { ZONE_KEYS, ZONE_REVOCATIONS } from '../../auth/token-secrets.js'
import type { Case } from '../case.js'
import type { Side, Stage } from '../stage.js'
import { putSigningKey, secretPath } from '../target-keys.js'
import { tokenWith } from '../tokens/base-token.js'
import { openSessions } from '../zone-sessions.js'
import { OK, PD, rowsOf, U } from './row.js'

/** auth.md §4.8: what happens to sessions over time. */
const row = rowsOf('life-cycle')
const CHANGES = { needs: ['keys', 'api'], safety: 'intrusive' } as const
/** Strict targets end a stream within this of the end of its credential (design.md §6). */
const STRICT_WITHIN_MS = 5_000
/** On a busy machine, and with Kuma's cache of one second. */
const SEEN_WITHIN_MS = 15_000
/** Long enough that a stream which is going to be ended has been. */
const PARITY_FOR_MS = 2_000

const STREAMS = ['GlobalToZoneSync', 'ZoneToGlobalSync', 'StreamStats'] as const

interface Session {
  readonly side: Side
  readonly token: string
  readonly jti: string
}

async function session(stage: Stage): Promise<Session> {
  return sessionOn(await stage.ground(), 3_600)
}

function sessionOn(side: Side, endsInS: number): Session {
  const jti = side.bench.uuid()
  return { side, jti, token: tokenWith(side.bench, { claims: { jti, exp: side.bench.nowS + endsInS } }) }
}

/** Open streams, then the end of their credential, then what the target declares about them. */
export async function endOfCredential(
  stage: Stage,
  { side, token }: Pick<Session, 'side' | 'token'>,
  end: () => Promise<void>,
): Promise<void> {
  const { bench, call, open } = side
  const draft = { fields: bench.fields(token) }
  const streams = []
  for (const rpc of STREAMS) streams.push({ rpc, opened: await open(rpc, draft) })
  for (const { rpc, opened } of streams) stage.expect(`${rpc} before`, opened.exchange, OK)
  await end()
  await stage.until(SEEN_WITHIN_MS, async () => (await call('HealthCheck', draft)).answer !== 'OK')
  stage.expect('HealthCheck after', await call('HealthCheck', draft), U)
  for (const { rpc, opened } of streams) {
    if (stage.openStream === 'strict') {
      const ended = await opened.ended(STRICT_WITHIN_MS + SEEN_WITHIN_MS)
      stage.check(`${rpc} is ended`, ended !== undefined, ended === undefined ? 'it is still open' : ended.text)
    } else {
      const ended = await opened.ended(PARITY_FOR_MS)
      stage.check(
        `${rpc} stays open`,
        ended === undefined,
        ended === undefined ? 'open' : `${ended.answer} ${ended.text}`,
      )
    }
  }
  for (const rpc of STREAMS) stage.expect(`${rpc} anew`, await call(rpc, draft), U)
}

async function revoke({ side, jti }: Session): Promise<void> {
  const { name } = ZONE_REVOCATIONS
  const data = Buffer.from(jti).toString('base64')
  await side.api.put(`/global-secrets/${name}`, { type: 'GlobalSecret', name, data })
}

export async function isOnline({ api, bench }: Pick<Side, 'api' | 'bench'>): Promise<boolean> {
  return (await openSessions(api, bench.zone)) > 0
}

export const LIFE_CYCLE: readonly Case[] = [
  row.scenario(
    142,
    'a revoked token ends its session as the target declares',
    { basis: 'kuma', norm: 'kumahq/kuma#3379', ...CHANGES },
    async (stage) => {
      const own = await session(stage)
      await endOfCredential(stage, own, () => revoke(own))
    },
  ),
  row.scenario(
    143,
    'an expired token ends its session as the target declares',
    { basis: 'kuma', norm: 'kumahq/kuma#3379', needs: ['keys'] },
    async (stage) => {
      const own = sessionOn(stage, SHORT_LIFE_S)
      await endOfCredential(stage, own, () => stage.sleep(SHORT_LIFE_S * 1_000))
    },
  ),
  row.scenario(
    144,
    'a zone that comes back with a revoked token is refused each time and has no session',
    { basis: 'kuma', norm: 'Kuma zone client', ...CHANGES },
    async (stage) => {
      const own = await session(stage)
      const { bench, call } = own.side
      const draft = { fields: bench.fields(own.token) }
      stage.expect('before it is revoked', await call('HealthCheck', draft), OK)
      await revoke(own)
      await stage.until(SEEN_WITHIN_MS, async () => (await call('HealthCheck', draft)).answer !== 'OK')
      for (let again = 1; again <= 3; again++)
        stage.expect(`attempt ${again}`, await call('GlobalToZoneSync', draft), U)
      stage.check('the zone is not online', !(await isOnline(own.side)), `zone ${bench.zone}`)
    },
  ),
  row.scenario(
    145,
    'a session goes on with a fresh token after the old one is revoked',
    { basis: 'kuma', norm: 'kumahq/kuma#18803', ...CHANGES },
    async (stage) => {
      const own = await session(stage)
      const { bench, call, open } = own.side
      const old = { fields: bench.fields(own.token) }
      const stream = await open('GlobalToZoneSync', old)
      stage.expect('stream with the old token', stream.exchange, OK)
      const fresh = { fields: bench.fields(await bench.legalToken()) }
      await revoke(own)
      await stage.until(SEEN_WITHIN_MS, async () => (await call('HealthCheck', old)).answer !== 'OK')
      stage.expect('HealthCheck with the fresh token', await call('HealthCheck', fresh), OK)
      const survives = stage.openStream === 'strict' || stream.alive
      stage.check('the session goes on', survives, stream.exchange.text)
    },
  ),
  row.scenario(
    146,
    'a deleted signing key ends sessions as the target declares',
    { basis: 'kuma', norm: 'Kuma key rotation', ...CHANGES },
    async (stage) => {
      const side = await stage.ground()
      const key = await putSigningKey(side.api, ZONE_KEYS, DELETED_KID, await generateSigningKeyPem())
      const token = tokenWith(side.bench, { header: { kid: DELETED_KID }, key })
      const fields = side.bench.fields(token)
      await stage.until(SEEN_WITHIN_MS, async () => (await side.call('HealthCheck', { fields })).answer === 'OK')
      const own = { side, token, jti: '' }
      await endOfCredential(stage, own, () => side.api.delete(secretPath(ZONE_KEYS, DELETED_KID)))
    },
  ),
  row.scenario(
    147,
    'a zone that is disabled may connect',
    { basis: 'kuma', norm: 'Kuma zone filter', needs: ['api'], safety: 'leaves-traces' },
    async (stage) => {
      const { api, bench, call, open } = stage
      const stream = await open('GlobalToZoneSync', await bench.legalCall())
      stage.expect('while enabled', stream.exchange, OK)
      await stage.until(SEEN_WITHIN_MS, async () => (await api.get(`/zones/${bench.zone}`)) !== undefined)
      await api.put(`/zones/${bench.zone}`, { type: 'Zone', name: bench.zone, enabled: false })
      stage.check('disabled while connected: the stream stays', (await stream.ended(PARITY_FOR_MS)) === undefined, '')
      stage.expect('disabled, on connect', await call('GlobalToZoneSync', await bench.legalCall()), OK)
    },
  ),
  row.scenario(
    148,
    'a zone that is online is not deleted, and its stream is not touched',
    { basis: 'kuma', norm: 'Kuma zone deletion', needs: ['api'], safety: 'leaves-traces' },
    async (stage) => {
      const side = stage
      const { api, bench, open } = side
      const stream = await open('GlobalToZoneSync', await bench.legalCall())
      stage.check('the zone is online', await stage.until(SEEN_WITHIN_MS, () => isOnline(side)), bench.zone)
      const { status, body } = await api.send('DELETE', `/zones/${bench.zone}`)
      stage.check('DELETE is a 400', status === 400, `${status} ${body.slice(0, 160)}`)
      stage.check('the stream is not touched', (await stream.ended(PARITY_FOR_MS)) === undefined, stream.exchange.text)
    },
  ),
  row.scenario(
    149,
    'a zone that is deleted all the same comes back when it connects',
    { basis: 'kuma', norm: 'Kuma unsafe deletion', needs: ['operator', 'api'] },
    async (stage) => {
      const { api, bench, call, open } = await stage.instance({ unsafeDelete: true })
      const stream = await open('GlobalToZoneSync', await bench.legalCall())
      stage.expect('connected', stream.exchange, OK)
      const there = async () => (await api.get(`/zones/${bench.zone}`)) !== undefined
      await stage.until(SEEN_WITHIN_MS, there)
      await api.delete(`/zones/${bench.zone}`)
      stage.check('it is deleted', await stage.until(SEEN_WITHIN_MS, async () => !(await there())), bench.zone)
      stage.expect('it connects again', await call('GlobalToZoneSync', await bench.legalCall()), OK)
      stage.check('it is there again', await stage.until(SEEN_WITHIN_MS, there), bench.zone)
    },
  ),
  row.scenario(
    152,
    'of two streams of one zone and RPC the newer one is served',
    {
      basis: 'ours',
      norm: 'half-open links are normal',
      needs: ['wire'],
      delta: { zonelab: 'the older one ends UNAVAILABLE', kuma: 'the older one stays, or ends CANCELLED' },
    },
    async (stage) => {
      const { bench, open } = stage
      const draft = await bench.legalCall()
      const older = await open('GlobalToZoneSync', draft)
      stage.expect('the older one', older.exchange, OK)
      const newer = await open('GlobalToZoneSync', draft)
      stage.expect('the newer one', newer.exchange, OK)
      const ended = await older.ended(SEEN_WITHIN_MS)
      stage.expect('the older one after that', ended ?? older.exchange, ['UNAVAILABLE'], ['CANCELLED', 'OK'])
      stage.check('the newer one stays', newer.alive, newer.exchange.text)
    },
  ),
  row.scenario(
    153,
    'two instances that take a zone from each other leave one session',
    { basis: 'ours', norm: 'bounded churn', needs: ['api'], safety: 'leaves-traces' },
    async (stage) => {
      const { api, bench, open } = stage
      const draft = await bench.legalCall()
      let last = await open('GlobalToZoneSync', draft)
      for (let turn = 0; turn < FLAPS; turn++) last = await open('GlobalToZoneSync', draft)
      stage.expect('the last one', last.exchange, OK)
      const one = await stage.until(SEEN_WITHIN_MS, async () => (await openSessions(api, bench.zone)) === 1)
      stage.check('one session is shown', one, `${await openSessions(api, bench.zone)} are`)
    },
  ),
  row.scenario(
    154,
    'a token is taken from wherever it comes',
    { basis: 'rfc', norm: 'RFC 6750', needs: ['wire'] },
    async (stage) => {
      const draft = await stage.bench.legalCall()
      stage.expect('from one address', await stage.call('HealthCheck', draft), OK)
      stage.expect('from another', await stage.callFrom({ localAddress: '127.0.0.2' }, 'HealthCheck', draft), OK)
    },
  ),
  row.scenario(
    155,
    'identity is of the call, not of the connection',
    { basis: 'kuma', norm: 'kumahq/kuma#18803', needs: ['wire'] },
    async (stage) => {
      const { bench, call } = stage
      const token = await bench.legalToken()
      stage.expect('as itself', await call('HealthCheck', { fields: bench.fields(token) }), OK)
      const other = { fields: bench.fields(token, bench.unseenZone) }
      stage.expect('as another zone on the same connection', await call('HealthCheck', other), PD)
    },
  ),
  row.scenario(
    156,
    'what the messages of a stream say of their sender counts for nothing',
    { basis: 'kuma', norm: 'kumahq/kuma#17456', needs: ['api'], safety: 'leaves-traces' },
    async (stage) => {
      const side = stage
      const { api, bench, open } = side
      const stream = await open('GlobalToZoneSync', { ...(await bench.legalCall()), node: bench.unseenZone })
      stage.expect('a stream whose messages name another zone', stream.exchange, OK)
      stage.check(
        'the zone of the token is online',
        await stage.until(SEEN_WITHIN_MS, () => isOnline(side)),
        bench.zone,
      )
      const other = await api.get(`/zones/${bench.unseenZone}`)
      stage.check('the zone of the messages is not there', other === undefined, bench.unseenZone)
    },
  ),
  row.scenario(
    157,
    'after a restart zones are authenticated anew',
    { basis: 'kuma', norm: 'Kuma zone client', needs: ['operator'] },
    async (stage) => {
      const { bench, call, open, instance } = await stage.instance({})
      const draft = await bench.legalCall()
      const stream = await open('GlobalToZoneSync', draft)
      stage.expect('before', stream.exchange, OK)
      await instance.restart()
      const ended = await stream.ended(SEEN_WITHIN_MS)
      stage.check('the stream has ended', ended !== undefined && ended.answer !== 'OK', ended?.text ?? 'it is open')
      stage.expect('after, the same token', await call('HealthCheck', draft), OK)
      stage.expect('after, no token', await call('HealthCheck', { fields: bench.fields(undefined) }), U)
    },
  ),
  row.scenario(
    158,
    'a storm of bad tokens does not lock out the zone that it names',
    { basis: 'ours', norm: 'no lock-out', level: 'SHOULD', needs: ['wire'], safety: 'intrusive' },
    async (stage) => {
      const { bench, call, open } = await stage.ground()
      const stream = await open('GlobalToZoneSync', await bench.legalCall())
      stage.expect('the zone before', stream.exchange, OK)
      const bad = { fields: bench.fields('x.y.z') }
      const legal = await bench.legalCall()
      const storm = Array.from({ length: STORM }, () => call('HealthCheck', bad))
      const [meanwhile, ...refusals] = await Promise.all([call('HealthCheck', legal), ...storm])
      stage.expect('the zone meanwhile', meanwhile, OK)
      const answers = new Set(refusals.map(({ answer }) => answer))
      const refused = [...answers].every((answer) => answer !== 'OK')
      stage.check('none of the bad ones is served', refused, [...answers].join(', '))
      stage.check('the session of the zone is undisturbed', stream.alive, stream.exchange.text)
    },
  ),
]

/** Long enough to open every stream on a busy machine before it is over. */
const SHORT_LIFE_S = 15
const DELETED_KID = '90211'
const FLAPS = 20
/** Bounded: it is a test of manners, not a denial of service. */
const STORM = 300
