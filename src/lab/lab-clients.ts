import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { keptFetch } from '../transport/http/kept-fetch.js'
import { ApiClient, type ApiTarget } from './api-client.js'
import { DiagnosticsClient } from './diagnostics-client.js'
import { globalWitness } from './global-witness.js'
import type { ComponentView, LabView } from './lab-view.js'
import { readIfThere } from './private-files.js'
import { OTHER_ORGANIZATION } from './settings.js'
import { regionOf, regionsOf, shardFor } from './shards.js'
import type { SyncWitnesses } from './sync-wait.js'

/** API of a control plane that the lab runs; the global's by way of the platform, where there is one. A zone has one only. */
export function apiClient(
  view: LabView,
  component: ComponentView,
  clock: Clock,
  tenant: string | undefined,
  given?: ApiTarget['fetch'],
): ApiClient {
  const { name } = component
  const { url, controlPlane, adminTokenFile } = apiPlace(view, component, tenant)
  const fetch = given ?? fetchFor(view, url)
  const token = () => (adminTokenFile === undefined ? undefined : readIfThere(adminTokenFile)?.trim())
  return new ApiClient({ name, url, token, tenant: controlPlane, ...(fetch && { fetch }) }, clock)
}

/** The platform's own fetch cannot be given the lab's CA. */
function fetchFor({ caFile }: LabView, url: string): ApiTarget['fetch'] {
  return url.startsWith('https:') ? keptFetch(caFile === undefined ? undefined : readIfThere(caFile)) : undefined
}

/** Where an API is, and whose token opens it. */
export interface ApiPlace {
  /** `http(s)://host:port`. */
  readonly url: string
  /** Id at the platform; undefined: the API is at the bare path. */
  readonly controlPlane: string | undefined
  /** What follows `url`: '' or the control plane's path. */
  readonly base: string
  readonly adminTokenFile: string | undefined
}

/** Throws `invalid-argument` for a component without an API, `not-found` for a control plane that is not there. */
export function apiPlace(view: LabView, component: ComponentView, tenant: string | undefined): ApiPlace {
  const platform = component.kind === 'global' ? view.components.find(({ kind }) => kind === 'platform') : undefined
  const { adminTokenFile } = platform ?? component
  const url = platform ? regionalApi(view, platform, regionOf(shardOf(view, tenant))) : component.endpoints.api
  if (url === undefined) throw new AppError('invalid-argument', `${component.name} has no API`)
  const controlPlane = platform && controlPlaneId(view, tenant)
  const base = controlPlane === undefined ? '' : `/v1/mesh/control-planes/${controlPlane}/api`
  return { url, controlPlane, base, adminTokenFile }
}

function regionalApi({ spec }: LabView, { endpoints }: ComponentView, region: string): string | undefined {
  return region === regionsOf(spec.topology)[0] ? endpoints.api : endpoints[`api-${region}`]
}

/**
 * The platform's own API in a region, as the admin of the lab's organisation. Throws `invalid-argument` without a platform,
 * and for a region that the lab does not have.
 */
export function platformClient(view: LabView, clock: Clock, region: string): ApiClient {
  const platform = platformOf(view)
  const { name, adminTokenFile } = platform
  const url = regionalApi(view, platform, region)
  if (url === undefined) {
    const regions = regionsOf(view.spec.topology).join(', ')
    throw new AppError('invalid-argument', `lab "${view.lab}" has no region ${region}, but ${regions}`)
  }
  const token = () => (adminTokenFile === undefined ? undefined : readIfThere(adminTokenFile)?.trim())
  const fetch = fetchFor(view, url)
  return new ApiClient({ name, url, token, tenant: undefined, ...(fetch && { fetch }) }, clock)
}

/** Where the platform is, and whose tokens open it: the admin's of the lab's organisation, and of one that sees nothing of it. */
export interface PlatformPlace {
  readonly url: string
  readonly region: string
  readonly adminTokenFile: string
  readonly otherAdminTokenFile: string
}

/** In the region of the control plane, or of the lab's first. Throws `invalid-argument` without a platform. */
export function platformPlace(view: LabView, tenant: string | undefined): PlatformPlace {
  const platform = platformOf(view)
  const { adminTokenFile = '' } = platform
  const region = regionOf(shardOf(view, tenant))
  return {
    url: regionalApi(view, platform, region) ?? '',
    region,
    adminTokenFile,
    otherAdminTokenFile: `${adminTokenFile}.${OTHER_ORGANIZATION}`,
  }
}

/** What the platform shows to whoever operates it, with the lab's own token. Throws `invalid-argument` without a platform. */
export function operatorClient(view: LabView, clock: Clock): ApiClient {
  const { name, endpoints } = platformOf(view)
  const token = () => readIfThere(view.diagnosticsTokenFile)?.trim()
  return new ApiClient({ name, url: endpoints.diagnostics ?? '', token, tenant: undefined }, clock)
}

function platformOf(view: LabView): ComponentView {
  const platform = view.components.find(({ kind }) => kind === 'platform')
  if (platform) return platform
  const how = 'make one with several control planes (--tenants N) or with access tokens (--auth sat)'
  throw new AppError('invalid-argument', `lab "${view.lab}" has no platform: ${how}`)
}

/** By name or by id; without one the lab's first. Throws `not-found`, also for one that is being made. */
export function controlPlaneId({ controlPlanes, spec }: LabView, tenant: string | undefined): string {
  const asked = tenant ?? spec.topology.tenants[0] ?? ''
  const found = controlPlanes[asked] ?? Object.values(controlPlanes).find(({ id }) => id === asked)
  if (!found) throw new AppError('not-found', `there is no control plane "${asked}"`)
  return found.id
}

/** Of the control plane, by name or id; without one, of the lab's first. */
export function shardOf({ controlPlanes, spec }: LabView, tenant: string | undefined): string {
  const asked = tenant ?? spec.topology.tenants[0] ?? ''
  const found = controlPlanes[asked] ?? Object.values(controlPlanes).find(({ id }) => id === asked)
  return found?.shard ?? shardFor(spec.topology, asked)
}

/** The global that holds a control plane, or the first of its instances. Throws `invalid-argument` if it is somebody else's. */
export function globalOf(view: LabView, tenant: string | undefined): ComponentView {
  const shard = shardOf(view, tenant)
  const global = view.components.find((component) => component.kind === 'global' && component.shard === shard)
  if (global) return global
  const { global: asked } = view.spec
  if (asked.kind === 'own') throw new AppError('invalid-argument', `lab "${view.lab}" does not run shard ${shard}`)
  throw new AppError(
    'invalid-argument',
    `this lab runs its zones on another global, ${asked.address}; speak to that one, or to a zone with --zone`,
  )
}

/** Undefined for a component that the lab does not run. */
export function diagnosticsClient(
  view: LabView,
  { name, tenant, zone, state, endpoints }: ComponentView,
  clock: Clock,
): DiagnosticsClient | undefined {
  const url = endpoints.diagnostics
  if (url === undefined || state === 'external') return undefined
  const token = readIfThere(view.diagnosticsTokenFile)?.trim() ?? ''
  const { controlPlanes } = view
  return new DiagnosticsClient({ name, tenant, zone: zone ?? '', url, token, controlPlanes }, clock)
}

/** Who can say whether the lab, or one tenant's part of it, is in sync, and who should run and does not. */
export function witnessesOf(view: LabView, clock: Clock, tenant?: string): SyncWitnesses {
  const asked = view.components.filter(
    ({ tenant: of, shard }) =>
      tenant === undefined || ((of ?? tenant) === tenant && (shard ?? shardOf(view, tenant)) === shardOf(view, tenant)),
  )
  const down = asked.filter(({ state }) => state !== 'ready' && state !== 'paused' && state !== 'external')
  const clients = (kind: ComponentView['kind']) =>
    asked
      .filter((component) => component.kind === kind && !down.includes(component))
      .flatMap((component) => diagnosticsClient(view, component, clock) ?? [])
  return {
    global: globalWitness(
      clients('global').map((global) => ({
        name: global.name,
        tenant: undefined,
        answers: (timeoutMs) => global.answers(timeoutMs),
        untilSynced: (timeoutMs) => global.untilSynced(timeoutMs, tenant),
        zonesSeen: (timeoutMs) => global.zonesSeen(timeoutMs),
      })),
      clock,
    ),
    zones: clients('zone'),
    fleets: clients('dataplane'),
    absent: down.map(({ name: component, tenant: of, state, detail }) => ({
      component,
      tenant: of,
      type: undefined,
      why: detail ?? `is ${state}`,
    })),
  }
}
