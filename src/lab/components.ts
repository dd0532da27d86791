import { AppError } from '../base/errors.js'
import { hasPlatform, type LabSpec } from './lab-spec.js'
import { dataplanesIn, type ZonePlan } from './topology.js'

/** One part of a lab as the command line names it. A sidecar is part of its zone's `dataplanes`. */
export type Component =
  | { readonly kind: 'platform'; readonly key: 'platform'; readonly name: 'platform' }
  | GlobalComponent
  | (InZone & { readonly kind: 'zone' })
  | (InZone & { readonly kind: 'dataplane' })

/** Several instances of one global are `global`, `global-2` …, of several shards each `global/us-1`, `global-2/us-1` … */
export interface GlobalComponent {
  readonly kind: 'global'
  readonly key: string
  readonly name: string
  readonly shard: string
}

interface InZone {
  /** Unique in the lab: the name, and with several tenants `NAME@TENANT`. */
  readonly key: string
  /** `zone-2`, `dataplanes/zone-2`. */
  readonly name: string
  readonly tenant: string
  readonly zone: ZonePlan
}

export type ComponentKind = Component['kind']

/** Every component of the lab, external zones included, in the order in which they start. */
export function componentsOf(spec: LabSpec): Component[] {
  const { tenants, zones } = spec.topology
  const several = tenants.length > 1
  const inZones = (kind: 'zone' | 'dataplane', wanted: (zone: ZonePlan) => boolean) =>
    tenants.flatMap((tenant) =>
      zones.filter(wanted).map((zone): Component => {
        const name = kind === 'zone' ? zone.name : `dataplanes/${zone.name}`
        return { kind, key: several ? `${name}@${tenant}` : name, name, tenant, zone }
      }),
    )
  return [
    ...(hasPlatform(spec) ? [{ kind: 'platform', key: 'platform', name: 'platform' } as const] : []),
    ...globalsOf(spec),
    ...inZones('zone', () => true),
    ...inZones('dataplane', (zone) => dataplanesIn(zone) > 0),
  ]
}

/** The lab's own, and where there are several instances of one, those of a shard one after the other. */
export function globalsOf({ global, topology: { shards } }: LabSpec): readonly GlobalComponent[] {
  if (global.kind !== 'own') return []
  const instances = Array.from({ length: global.instances ?? 1 }, (_, index) => index + 1)
  return shards.flatMap((shard) =>
    instances.map((instance): GlobalComponent => {
      const name = `global${instance === 1 ? '' : `-${instance}`}${shards.length === 1 ? '' : `/${shard}`}`
      return { kind: 'global', key: name, name, shard }
    }),
  )
}

/** Components that share one process. */
export interface ProcessGroup {
  /** The component's key; of a packed process `zones-1` or `dataplanes-1`. */
  readonly name: string
  readonly kind: ComponentKind
  readonly components: readonly Component[]
}

/** `dp/ZONE/NAME`: one of the many in a process; undefined for any other name. */
export function sidecarNamed(name: string): { readonly zone: string; readonly sidecar: string } | undefined {
  const [, zone, sidecar] = /^dp\/([^/]+)\/(.+)$/.exec(name) ?? []
  return zone === undefined || sidecar === undefined ? undefined : { zone, sidecar }
}

/** Up to this many zones each component has a process of its own: at some 100 MB a process, more would fill a laptop. */
export const OWN_PROCESS_ZONES_MAX = 16

/** Which process runs what. Above the limit zones and fleets are packed, a process of each kind for every core. */
export function processGroups(spec: LabSpec, cores: number): ProcessGroup[] {
  const components = componentsOf(spec).filter((component) => !isExternal(component))
  const own = (component: Component): ProcessGroup => ({
    name: component.key,
    kind: component.kind,
    components: [component],
  })
  if (!isPacked(spec)) return components.map(own)
  const pack = (kind: 'zone' | 'dataplane', word: string) => {
    const members = components.filter((component) => component.kind === kind)
    return Array.from({ length: Math.min(cores, members.length) }, (_, core) => ({
      name: `${word}-${core + 1}`,
      kind,
      components: members.filter((_member, index) => index % cores === core),
    }))
  }
  return [
    ...components.filter(({ kind }) => kind === 'platform' || kind === 'global').map(own),
    ...pack('zone', 'zones'),
    ...pack('dataplane', 'dataplanes'),
  ]
}

/** What tells zones of one name in several tenants apart. */
export function placeOf(tenant: string | undefined, name: string): string {
  return `${tenant ?? ''}/${name}`
}

/** Somebody else runs it. */
export function isExternal(component: Component): boolean {
  return component.kind === 'zone' && component.zone.external
}

export function isPacked({ topology, processes }: LabSpec): boolean {
  return processes === 'auto' && topology.zones.length * topology.tenants.length > OWN_PROCESS_ZONES_MAX
}

/** Throws `invalid-argument` for a name that fits none or several. */
export function findComponent<C extends { readonly name: string; readonly tenant?: string | undefined }>(
  components: readonly C[],
  name: string,
  tenant: string | undefined,
): C {
  const named = components.filter((component) => component.name === name)
  const fitting = named.filter((component) => tenant === undefined || (component.tenant ?? tenant) === tenant)
  const [found, second] = fitting
  if (found && !second) return found
  if (found) {
    const list = fitting.map((component) => `${name} --tenant ${component.tenant}`).join(', ')
    throw new AppError('invalid-argument', `"${name}" fits several components: ${list}`)
  }
  throw new AppError('invalid-argument', `there is no component "${name}"${near(name, components)}`)
}

/** Enough to recognise what was meant, little enough to read. */
const NAMES_SHOWN_MAX = 8

function near(name: string, components: readonly { readonly name: string }[]): string {
  const stem = name.replace(/[0-9]+$/, '')
  const names = [...new Set(components.map((component) => component.name))]
  const similar = names.filter((candidate) => candidate.startsWith(stem) || candidate.endsWith(name))
  const fitting = similar.length > 0 ? similar : names
  const shown = fitting.slice(0, NAMES_SHOWN_MAX)
  return shown.length === 0 ? '' : `; there is ${shown.join(', ')}${fitting.length > shown.length ? ' …' : ''}`
}
