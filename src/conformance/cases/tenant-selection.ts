import { CP_ID_HEADER } from '../../auth/zone-call.js'
import type { Answer } from '../answer.js'
import type { Bench } from '../bench.js'
import type { Field } from '../call-draft.js'
import type { Case, Variant } from '../case.js'
import { RPCS } from '../rpc.js'
import type { Stage } from '../stage.js'
import { CONTROL_PLANES, type ControlPlane } from '../target-platform.js'
import { tokenWith } from '../tokens/base-token.js'
import { isOnline } from './life-cycle.js'
import { call, IA, OK, PD, rowsOf, U } from './row.js'
import { sameTimes } from './same-times.js'

/** auth.md §4.9: which control plane a call is for, and that nobody learns of another. */
const row = rowsOf('tenant-selection')
const PLATFORM = { profiles: ['kds-multitenant'], needs: ['platform'] } as const
const BY_JWT = { profiles: ['kds-multitenant'], needs: ['platform', 'keys'] } as const
const SEEN_WITHIN_MS = 15_000

/** The legal call with these values instead of the header that selects the control plane. */
function selecting(name: string, expect: readonly Answer[], ...values: readonly string[]): Variant {
  return call(name, expect, async (bench) => withCpId(bench, await bench.legalToken(), values))
}

function withCpId({ fields, cpId }: Bench, token: string, values: readonly string[]): readonly Field[] {
  const header = cpId?.header ?? CP_ID_HEADER
  return [...fields(token).filter(([name]) => name !== header), ...values.map((value): Field => [header, value])]
}

/** The legal call with the id of its control plane spelled otherwise. */
function withId(spell: (id: string) => string): (bench: Bench) => Promise<readonly Field[]> {
  return async (bench) => withCpId(bench, await bench.legalToken(), [spell(bench.cpId?.id ?? '')])
}

type Kind = 'JWT' | 'SAT'
const REFUSAL: Readonly<Record<Kind, readonly Answer[]>> = { JWT: U, SAT: PD }

interface Probed {
  readonly kind: Kind
  readonly where: string
  readonly controlPlane: string
}

/** A credential that is good at home, elsewhere: refused as where nothing is, word for word, on every RPC. */
export async function refusedAsNowhere(stage: Stage, { kind, where, controlPlane }: Probed): Promise<void> {
  const { bench } = stage
  const token = kind === 'JWT' ? tokenWith(bench, {}) : await bench.legalToken()
  for (const rpc of RPCS) {
    const name = (step: string) => `${kind}, ${step}, ${rpc}`
    stage.expect(name('own control plane'), await stage.call(rpc, { fields: bench.fields(token) }), OK)
    const at = (id: string) => stage.call(rpc, { fields: bench.fields(token, bench.unseenZone, id) })
    const [nowhere, there] = [await at(bench.uuid()), await at(controlPlane)]
    stage.expect(name('unknown control plane'), nowhere, REFUSAL[kind])
    stage.expect(name(where), there, REFUSAL[kind])
    const same = there.status === nowhere.status && there.text === nowhere.text
    stage.check(name('the same answer'), same, `"${there.text}" and "${nowhere.text}"`)
  }
}

async function nothingMade(stage: Stage, { api }: ControlPlane): Promise<void> {
  const zone = await api.get(`/zones/${stage.bench.unseenZone}`)
  stage.check('no Zone is made there', zone === undefined, stage.bench.unseenZone)
}

export const TENANT_SELECTION: readonly Case[] = [
  row.calls(
    159,
    'a call that selects no control plane is an invalid argument where there are several',
    { basis: 'ours', norm: 'no default tenant', ...PLATFORM },
    [selecting('no header', IA)],
  ),
  row.scenario(
    160,
    'a call that selects no control plane is for the only one where there is one',
    { basis: 'kuma', norm: 'Kuma single tenant', profiles: ['kds-multitenant'], needs: ['operator'] },
    async (stage) => {
      const { bench, call: send } = await stage.instance({ auth: 'zone-token' })
      for (const rpc of RPCS) stage.expect(rpc, await send(rpc, await bench.legalCall()), OK)
    },
  ),
  row.calls(
    161,
    'what is no id of a control plane is an invalid argument',
    { basis: 'konnect', norm: 'cp-id is a uuid', ...PLATFORM },
    [
      selecting('empty', IA, ''),
      selecting('words', IA, 'no uuid'),
      selecting('a name', IA, 'team-a'),
      selecting('the name of a default', IA, 'default'),
      call(
        'a uuid without dashes',
        IA,
        withId((id) => id.replaceAll('-', '')),
      ),
      call(
        'a uuid in braces',
        IA,
        withId((id) => `{${id}}`),
      ),
      call(
        'a uuid as a URN',
        IA,
        withId((id) => `urn:uuid:${id}`),
      ),
      call(
        'a uuid and a letter more',
        IA,
        withId((id) => `${id}0`),
      ),
      call(
        'a uuid and a path',
        IA,
        withId((id) => `${id}/..`),
      ),
      selecting('10 KiB', IA, 'a'.repeat(10_240)),
      selecting('SQL', IA, "x' OR '1'='1"),
      call(
        'a uuid and SQL',
        IA,
        withId((id) => `${id}' OR '1'='1`),
      ),
      selecting('path', IA, '../../zones'),
      call('two values', IA, async (bench) => withCpId(bench, await bench.legalToken(), [bench.uuid(), bench.uuid()])),
      call('its own, twice', IA, async (bench) => {
        const own = bench.cpId?.id ?? ''
        return withCpId(bench, await bench.legalToken(), [own, own])
      }),
    ],
  ),
  row.calls(162, 'a control plane is selected in upper case too', { basis: 'rfc', norm: 'RFC 9562 §4', ...PLATFORM }, [
    call('upper case', OK, async (bench) =>
      bench.fields(await bench.legalToken(), bench.zone, bench.cpId?.id.toUpperCase()),
    ),
  ]),
  row.scenario(
    163,
    'a control plane that is nowhere is refused as its kind of credential has it',
    { basis: 'ours', norm: 'no existence oracle', ...BY_JWT },
    async (stage) => {
      for (const kind of ['JWT', 'SAT'] as const) {
        await refusedAsNowhere(stage, { kind, where: 'another unknown one', controlPlane: stage.bench.uuid() })
      }
    },
  ),
  row.scenario(
    164,
    'a zone token of one control plane is as good as a forged one on another',
    { basis: 'ours', norm: 'no existence oracle', ...BY_JWT },
    async (stage) => {
      const other = await stage.bench.platform.sibling()
      await refusedAsNowhere(stage, { kind: 'JWT', where: 'another control plane', controlPlane: other.id })
      await nothingMade(stage, other)
    },
  ),
  row.scenario(
    165,
    'an access token opens no other control plane of its organisation',
    { basis: 'konnect', norm: 'roles are of one control plane', ...PLATFORM },
    async (stage) => {
      const other = await stage.bench.platform.sibling()
      await refusedAsNowhere(stage, { kind: 'SAT', where: 'another control plane', controlPlane: other.id })
      await nothingMade(stage, other)
    },
  ),
  row.scenario(
    166,
    "an access token opens no other organisation's control plane, and takes no other time to be refused",
    { basis: 'ours', norm: 'no existence oracle', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const other = await bench.platform.foreign()
      await refusedAsNowhere(stage, { kind: 'SAT', where: "another organisation's", controlPlane: other.id })
      await nothingMade(stage, other)
      const token = await bench.legalToken()
      const at = (id: string) => ({ fields: bench.fields(token, bench.zone, id) })
      const kinds = { "another organisation's": () => at(other.id), 'an unknown one': () => at(bench.uuid()) }
      await sameTimes(stage, kinds, PD)
    },
  ),
  row.scenario(
    167,
    'a control plane that was deleted is as one that never was',
    { basis: 'ours', norm: 'no existence oracle', ...BY_JWT },
    async (stage) => {
      const controlPlane = await stage.bench.platform.deleted()
      for (const kind of ['JWT', 'SAT'] as const) {
        await refusedAsNowhere(stage, { kind, where: 'a deleted one', controlPlane })
      }
    },
  ),
  row.scenario(
    168,
    'zones of one name in two control planes are two zones',
    { basis: 'kuma', norm: 'Kuma TenantZoneClientID', ...BY_JWT },
    async (stage) => {
      const { bench, open, api } = stage
      const other = await bench.platform.sibling()
      const { zone } = bench
      const token = await other.api.issue('/tokens/zone', { zone, scope: ['cp'], validFor: '1h' })
      const there = { fields: bench.fields(token, zone, other.id) }
      await stage.until(SEEN_WITHIN_MS, async () => (await stage.call('HealthCheck', there)).answer === 'OK')
      const a = await open('GlobalToZoneSync', { fields: bench.fields(tokenWith(bench, {})) })
      const b = await open('GlobalToZoneSync', there)
      stage.expect('here', a.exchange, OK)
      stage.expect('there', b.exchange, OK)
      const isIn = (of: typeof api) => isOnline({ api: of, bench })
      const both = async () => (await isIn(api)) && (await isIn(other.api))
      stage.check('both are online', await stage.until(SEEN_WITHIN_MS, both), zone)
      a.close()
      const left = await stage.until(SEEN_WITHIN_MS, async () => !(await isIn(api)))
      stage.check('the one that leaves is offline', left, zone)
      stage.check('the other one is online', b.alive && (await isIn(other.api)), zone)
      b.close()
    },
  ),
  row.scenario(
    169,
    'what one control plane holds is in no answer of another',
    {
      basis: 'ours',
      norm: 'a row is of its tenant, whatever the session says',
      profiles: ['kds-multitenant'],
      needs: ['platform', 'api'],
    },
    async (stage) => {
      const { bench, api } = stage
      const other = await bench.platform.sibling()
      const path = `/meshes/m-${bench.uuid().slice(0, 8)}`
      await other.api.put(path, { type: 'Mesh', name: path.slice('/meshes/'.length) })
      stage.check('it is there', (await other.api.get(path)) !== undefined, path)
      stage.check('it is not here', (await api.get(path)) === undefined, path)
      const all = JSON.stringify(await api.get('/meshes?size=1000'))
      stage.check('nor in a list', !all.includes(path.slice('/meshes/'.length)), path)
      await other.api.delete(path)
    },
  ),
  row.scenario(
    170,
    'a role in one region opens nothing in another',
    {
      basis: 'konnect',
      norm: 'Kong/terraform-provider-konnect#4',
      ...PLATFORM,
      profiles: ['kds-multitenant', 'konnect-sat'],
    },
    async (stage) => {
      const { bench } = stage
      const { platform } = bench
      const own = await platform.newControlPlane()
      const region = platform.region === 'eu' ? 'us' : 'eu'
      const [near, far] = [
        await platform.tokenWith({ role: 'Admin', on: own.id }),
        await platform.tokenWith({ role: 'Admin', on: own.id, region }),
      ]
      const send = (token: string) => stage.call('HealthCheck', { fields: bench.fields(token, bench.zone, own.id) })
      stage.expect('in its region', await send(near), OK)
      stage.expect('in another', await send(far), PD)
      const asked = async (token: string) =>
        (await platform.api.send('GET', `${CONTROL_PLANES}/${own.id}`, undefined, token)).status
      stage.check('the API serves the one', (await asked(near)) === 200, 'not 200')
      stage.check('and not the other', [403, 404].includes(await asked(far)), `${await asked(far)}`)
    },
  ),
]
