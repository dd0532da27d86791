import { sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Laggard } from '../insights/sync-report.js'
import { apiClient, globalOf, witnessesOf } from '../lab/lab-clients.js'
import { hasPlatform } from '../lab/lab-spec.js'
import { itemPath } from '../lab/resource-paths.js'
import { untilSynced } from '../lab/sync-wait.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import type { Context, Input } from './command.js'
import { hasComparableCopies, type ShownResource, type ZoneApi, zonesWithoutCopy } from './copies.js'
import { type LabAccess, tenantAsked, tenantOf } from './lab-access.js'
import { zoneSyncs } from './lab-status.js'
import { parseType } from './type-names.js'

export type Condition =
  | { readonly kind: 'ready' }
  | { readonly kind: 'synced' }
  | {
      readonly kind: 'synced-resource'
      readonly type: ResourceType
      readonly mesh: string | undefined
      readonly name: string
    }
  | { readonly kind: 'zone'; readonly zone: string; readonly online: boolean }

/** As help shows them. */
export const CONDITIONS: readonly (readonly [form: string, doc: string])[] = [
  ['ready', 'every component of the lab is ready'],
  ['synced', 'every zone is online, and it and its sidecars have what is newest for them'],
  [
    'synced=TYPE/[MESH/]NAME',
    'every zone that is online has this resource as the global has it, and its sidecars what follows',
  ],
  ['zone/NAME=online|offline', "the global holds this zone to be so; on another's global, the zone itself"],
]

/** Throws `invalid-argument`. */
export function parseCondition(text: string): Condition {
  if (text === 'ready' || text === 'synced') return { kind: text }
  const [, type, mesh, name] = /^synced=([^/]+)\/(?:([^/]+)\/)?([^/]+)$/.exec(text) ?? []
  if (type !== undefined && name !== undefined) {
    const parsed = parseType(type)
    const scoped = descriptorOf(parsed).scope === 'mesh'
    return { kind: 'synced-resource', type: parsed, mesh: scoped ? (mesh ?? 'default') : undefined, name }
  }
  const [, zone, state] = /^zone\/([^/=]+)=(online|offline)$/.exec(text) ?? []
  if (zone !== undefined) return { kind: 'zone', zone, online: state === 'online' }
  const forms = CONDITIONS.map(([form]) => form).join(', ')
  throw new AppError('invalid-argument', `--for ${text}: use one of ${forms}`)
}

/** Resolves when the condition holds, or at the timeout; to those who keep it from holding, none if it does. */
export function waitFor(
  condition: Condition,
  lab: LabAccess,
  context: Context,
  input: Input,
  timeoutMs: number,
): Promise<readonly Laggard[]> {
  switch (condition.kind) {
    case 'ready':
      return until(() => whoIsNotReady(lab), context, timeoutMs)
    case 'synced':
      return whoIsBehind(tenantAsked(lab, input), lab, context, timeoutMs)
    case 'synced-resource':
      return until((leftMs) => whoLacks(condition, lab, context, input, leftMs), context, timeoutMs)
    case 'zone':
      return until(() => whyNot(condition, tenantOf(lab, input), lab, context), context, timeoutMs)
  }
}

const LOOK_EVERY_MS = 100

/** For what no process announces: looked at again and again. */
async function until(
  look: (leftMs: number) => Promise<readonly Laggard[]>,
  { clock, signal }: Context,
  timeoutMs: number,
): Promise<readonly Laggard[]> {
  const deadlineMs = clock.monotonicMs() + timeoutMs
  for (;;) {
    const leftMs = Math.max(0, deadlineMs - clock.monotonicMs())
    const laggards = await look(leftMs)
    if (laggards.length === 0 || leftMs === 0) return laggards
    await sleep(clock, Math.min(LOOK_EVERY_MS, leftMs), signal)
  }
}

async function whoIsNotReady(lab: LabAccess): Promise<readonly Laggard[]> {
  const { components } = await lab.control.view()
  return components
    .filter(({ state }) => state !== 'ready' && state !== 'external')
    .map(({ name, tenant, state, detail }) => ({
      component: name,
      tenant,
      type: undefined,
      why: detail ?? `is ${state}`,
    }))
}

async function whoIsBehind(
  tenant: string | undefined,
  { view }: LabAccess,
  { clock }: Context,
  withinMs: number,
): Promise<readonly Laggard[]> {
  return (await untilSynced(witnessesOf(view, clock, tenant), withinMs, clock)).laggards
}

/** One look at all types lasts at most this, so that a type that is never in sync does not hide that another one is. */
const SLICE_MS = 500

async function whoLacks(
  { type, mesh, name }: Extract<Condition, { kind: 'synced-resource' }>,
  lab: LabAccess,
  context: Context,
  input: Input,
  leftMs: number,
): Promise<readonly Laggard[]> {
  const tenant = tenantOf(lab, input)
  const api = apiClient(lab.view, globalOf(lab.view, tenant), context.clock, tenant)
  let held: ShownResource
  try {
    held = await api.get<ShownResource>(itemPath(type, mesh, name))
  } catch (thrown) {
    return [{ component: 'global', type, why: AppError.from(thrown).message }]
  }
  const laggards = await whoIsBehind(tenant, lab, context, Math.min(SLICE_MS, leftMs))
  const speaks = ({ name: zone }: ZoneApi) => !laggards.some((one) => one.component === zone && one.type === undefined)
  // One that does not answer lags as a whole, and is not asked.
  const asked = hasComparableCopies(type) ? zoneApis(lab, context, tenant).filter(speaks) : []
  const lacking = await zonesWithoutCopy(type, mesh, held, asked)
  const isAsked = ({ component }: Laggard) => asked.some((zone) => zone.name === component)
  // Sidecars speak of Envoy's types: any of them may carry what the resource has changed.
  const others = laggards.filter(
    (laggard) =>
      laggard.type === undefined || (laggard.type === type && !isAsked(laggard)) || laggard.component.startsWith('dp/'),
  )
  return [...lacking, ...others]
}

/** Of the zones that the lab runs; others can say only how far a whole type is. */
function zoneApis({ view }: LabAccess, { clock }: Context, tenant: string): readonly ZoneApi[] {
  return view.components
    .filter(({ kind, state, tenant: of }) => kind === 'zone' && state !== 'external' && of === tenant)
    .map((zone) => ({ name: zone.name, tenant: zone.tenant, api: apiClient(view, zone, clock, undefined) }))
}

async function whyNot(
  { zone, online }: Extract<Condition, { kind: 'zone' }>,
  tenant: string,
  lab: LabAccess,
  context: Context,
): Promise<readonly Laggard[]> {
  const laggard = (why: string) => [{ component: zone, tenant, type: undefined, why }]
  const places = lab.view.spec.topology.zones.map(({ name }) => name)
  // Where there is a platform, zones are provisioned as they are needed.
  if (!places.includes(zone) && !hasPlatform(lab.view.spec)) {
    throw new AppError('invalid-argument', `--for zone/${zone}: the lab has no such zone, but ${places.join(', ')}`)
  }
  try {
    const found = (await zoneSyncs(lab, context, tenant)).find((candidate) => candidate.zone === zone)
    if (!found) return online ? laggard('has never connected to the global') : []
    // On another's global the zone is the only one to tell.
    const isUnknown = lab.view.spec.global.kind === 'foreign' && found.state === 'STALE'
    if (isUnknown) return laggard(found.detail ?? found.state)
    if ((found.state !== 'OFFLINE') === online) return []
    return laggard(online ? `is offline${found.detail === undefined ? '' : `: ${found.detail}`}` : 'is online')
  } catch (thrown) {
    return laggard(AppError.from(thrown).message)
  }
}
