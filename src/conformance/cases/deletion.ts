import type { Case } from '../case.js'
import { RPCS } from '../rpc.js'
import type { OpenCall, Side, Stage } from '../stage.js'
import { ACCOUNTS, CONTROL_PLANES } from '../target-platform.js'
import { isOnline } from './life-cycle.js'
import { OK, rowsOf, U } from './row.js'
import { refusedAsNowhere } from './tenant-selection.js'

/** auth.md §4.8, what a platform takes away while zones hold on to it: a zone, a control plane. */
const row = rowsOf('life-cycle')
const STREAMS = ['GlobalToZoneSync', 'ZoneToGlobalSync', 'StreamStats'] as const
/** On a busy machine. */
const SEEN_WITHIN_MS = 15_000
/** Long enough that a stream which is going to be ended has been. */
const UNTOUCHED_FOR_MS = 1_000

interface Streams {
  readonly opened: readonly (readonly [rpc: string, call: OpenCall])[]
}

async function streamsOf(stage: Stage, { open }: Side, fields: ReturnType<Side['bench']['fields']>): Promise<Streams> {
  const opened: (readonly [string, OpenCall])[] = []
  for (const rpc of STREAMS) opened.push([rpc, await open(rpc, { fields })])
  for (const [rpc, call] of opened) stage.expect(`${rpc} before`, call.exchange, OK)
  return { opened }
}

async function endedBy(stage: Stage, what: string, { opened }: Streams): Promise<void> {
  const ends = await Promise.all(opened.map(async ([rpc, call]) => [rpc, await call.ended(SEEN_WITHIN_MS)] as const))
  for (const [rpc, ended] of ends) {
    stage.check(`${rpc} ends with ${what}`, ended !== undefined && ended.answer !== 'OK', ended?.text ?? 'it is open')
  }
}

export const DELETION: readonly Case[] = [
  row.scenario(
    150,
    'a deleted zone takes its account, tokens and streams with it, and is not made again by who comes back',
    { basis: 'konnect', norm: 'konnect_managed', profiles: ['konnect-sat'], needs: ['platform', 'operator'] },
    async (stage) => {
      // While its zone is online Kuma deletes none, unless it is told that this is fine.
      const side = await stage.instance({ auth: 'sat', unsafeDelete: true })
      const { api, bench, call } = side
      const { platform, zone } = bench
      const token = await platform.provision({ id: bench.cpId?.id ?? '' }, zone)
      const fields = bench.fields(token)
      const accounts = async () =>
        JSON.stringify(await platform.api.get(`${ACCOUNTS}?filter[konnect_managed]=true&page[size]=100`))
      const streams = await streamsOf(stage, side, fields)
      stage.check('its account is listed', (await accounts()).includes(zone), zone)
      await api.delete(`/zones/${zone}`)
      await endedBy(stage, 'the zone', streams)
      const gone = async () => !(await accounts()).includes(zone)
      stage.check('its account is gone', await stage.until(SEEN_WITHIN_MS, gone), zone)
      await stage.until(SEEN_WITHIN_MS, async () => (await call('HealthCheck', { fields })).answer !== 'OK')
      for (const rpc of RPCS) stage.expect(`${rpc} again`, await call(rpc, { fields }), U)
      stage.check('no Zone is made', (await api.get(`/zones/${zone}`)) === undefined, zone)
      stage.expect('the legal peer is served', await call('HealthCheck', await bench.legalCall()), OK)
    },
  ),
  row.scenario(
    151,
    'a control plane whose zone is online is not deleted, and one that is deleted all the same is as one that never was',
    { basis: 'konnect', norm: 'ZoneStillOnline', profiles: ['kds-multitenant'], needs: ['platform', 'keys'] },
    async (stage) => {
      const { bench, call } = stage
      const { platform, zone } = bench
      const { id, api } = await platform.newControlPlane()
      const path = `${CONTROL_PLANES}/${id}`
      const fields = bench.fields(await platform.connector(id), zone, id)
      const streams = await streamsOf(stage, stage, fields)
      stage.check('the zone is online', await stage.until(SEEN_WITHIN_MS, () => isOnline({ api, bench })), zone)
      const refused = await platform.api.send('DELETE', path)
      const named = refused.status === 400 && /"field": ?"cpID"/.test(refused.body)
      stage.check('DELETE is a 400 that names cpID', named, `${refused.status} ${refused.body.slice(0, 200)}`)
      for (const [rpc, one] of streams.opened) {
        const ended = await one.ended(UNTOUCHED_FOR_MS)
        stage.check(`${rpc} is not touched`, ended === undefined, ended?.text ?? '')
      }
      await deleteAllTheSame(stage, path, streams)
      for (const kind of ['JWT', 'SAT'] as const) {
        await refusedAsNowhere(stage, { kind, where: 'the deleted one', controlPlane: id })
      }
      const [there, nowhere] = [
        await call('HealthCheck', { fields }),
        await call('HealthCheck', { fields: bench.fields(await platform.connector(id), zone, bench.uuid()) }),
      ]
      const same = there.answer !== 'OK' && there.status === nowhere.status && there.text === nowhere.text
      stage.check('its own token is as good as anywhere', same, `"${there.text}" and "${nowhere.text}"`)
    },
  ),
]

/** By force where the platform has any, which ends the streams; elsewhere when the last of them has gone. */
async function deleteAllTheSame(stage: Stage, path: string, streams: Streams): Promise<void> {
  const { api } = stage.bench.platform
  const forced = await api.send('DELETE', `${path}?force=true`)
  if (forced.status === 204) return endedBy(stage, 'the control plane', streams)
  for (const [, one] of streams.opened) one.close()
  const deleted = async () => (await api.send('DELETE', path)).status === 204
  stage.check('it is deleted when the zone has gone', await stage.until(SEEN_WITHIN_MS, deleted), path)
}
