import { z } from 'zod'
import { AppError } from '../base/errors.js'
import type { Json } from '../model/json.js'
import { DEFAULT_SHARD, SHARD_NAME, type ShardPlan } from './shards.js'
import { parseYaml, type YamlDocument } from './yaml-file.js'

/** What runs in a lab, complete and checked. Each tenant has all zones; each zone has its own fleets. */
export interface Topology extends ShardPlan {
  readonly meshes: readonly string[]
  readonly services: readonly Service[]
  readonly zones: readonly ZonePlan[]
  /** Of the lab's own, by name, in the form of `src/dataplane/behaviours`. */
  readonly behaviours: Readonly<Record<string, Json>>
}

export interface Service {
  readonly name: string
  readonly mesh: string
  /** Of the inbound; 1–65535. */
  readonly port: number
  readonly protocol: 'http' | 'http2' | 'grpc' | 'tcp'
  readonly labels: Readonly<Record<string, string>>
  /** Services that it has an outbound for. */
  readonly calls: readonly string[]
}

export interface ZonePlan {
  readonly name: string
  /** Its place is kept for a control plane that somebody else starts. */
  readonly external: boolean
  readonly fleets: readonly Fleet[]
}

/** Sidecars of one service in one zone: `SERVICE-1` to `SERVICE-REPLICAS`. */
export interface Fleet {
  readonly service: string
  readonly replicas: number
  /** One that ships with zonelab, or one of the topology's own. */
  readonly behaviour: string
}

/** What one machine can hold is far below; a count above it is a slip of the finger. */
const ZONES_MAX = 2_000
const REPLICAS_MAX = 100_000

const LABEL = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const label = z.string().regex(LABEL, 'must be an RFC 1035 label: lower-case letters, digits and inner dashes')
const whole = (max: number) => z.int().min(0).max(max)

const serviceSchema = z.strictObject({
  name: label,
  mesh: label.default('default'),
  port: z.int().min(1).max(65_535).default(8080),
  protocol: z.enum(['http', 'http2', 'grpc', 'tcp']).default('http'),
  labels: z.record(z.string(), z.string()).default({}),
  calls: z.array(label).default([]),
})

const zoneSchema = z.strictObject({
  name: label,
  external: z.boolean().default(false),
  fleets: z
    .array(
      z.strictObject({
        service: label,
        replicas: whole(REPLICAS_MAX).default(1),
        behaviour: z.string().min(1).default('steady'),
      }),
    )
    .default([]),
})

const topologySchema = z.strictObject({
  apiVersion: z.literal('zonelab.dev/v1alpha1').optional(),
  kind: z.literal('Topology'),
  shards: z.array(z.string().regex(SHARD_NAME, 'must be REGION-NUMBER, like us-1')).min(1).default([DEFAULT_SHARD]),
  tenants: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 lower-case letters, digits or inner dashes'),
    )
    .min(1)
    .default(['default']),
  placement: z.record(z.string(), z.string()).default({}),
  meshes: z.array(label).min(1).default(['default']),
  services: z.array(serviceSchema).default([]),
  behaviours: z.record(label, z.json()).default({}),
  zones: z.array(zoneSchema).min(1).max(ZONES_MAX),
})

/** How mock sidecars can act. Said by who knows them: the lab composes none. */
export interface BehaviourRules {
  /** What zonelab brings along, by name. */
  readonly known: ReadonlySet<string>
  /** What is wrong with one of the topology's own; none if nothing is. */
  mistakesIn(behaviour: Json): readonly { readonly path: readonly (string | number)[]; readonly reason: string }[]
}

/** Throws `invalid-topology` whose every line names file:line:column. A file with other documents is read for its one Topology. */
export function parseTopology(text: string, file: string, behaviours: BehaviourRules): Topology {
  const topologies = parseYaml(text, file).filter(({ value }) => (value as { kind?: unknown }).kind === 'Topology')
  const [document, second] = topologies
  if (!document) throw new AppError('invalid-topology', `${file}:1:1: there is no document with "kind: Topology" in it`)
  if (second) throw new AppError('invalid-topology', `${second.where([])}: a second Topology; a lab has one`)
  const result = topologySchema.safeParse(document.value, { reportInput: true })
  if (!result.success) throw mistakes(result.error.issues.flatMap((issue) => mistakesOf(document, issue)))
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = result.data
  const topology = rest as Topology
  const found = [...referenceMistakes(document, topology), ...behaviourMistakes(document, topology, behaviours)]
  if (found.length > 0) throw mistakes(found)
  return topology
}

interface Mistake {
  readonly where: string
  readonly field: string
  readonly reason: string
}

function mistakes(found: readonly Mistake[]): AppError {
  const lines = found.map(({ where, field, reason }) => `${where}: ${field === '' ? '' : `${field}: `}${reason}`)
  return new AppError('invalid-topology', lines.join('\n'), { violations: found })
}

function mistakesOf(document: YamlDocument, issue: z.core.$ZodIssue): Mistake[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  const at = (place: (string | number)[], reason: string) => ({
    where: document.where(place),
    field: fieldOf(place),
    reason,
  })
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => at([...path, key], 'there is no such field'))
    case 'invalid_type':
      // What is not there has no input, and a list or a map is called so in YAML.
      return [
        at(
          path,
          issue.input === undefined ? 'is missing' : `must be ${KIND_OF_VALUE[issue.expected] ?? issue.expected}`,
        ),
      ]
    default:
      return [at(path, issue.message)]
  }
}

const KIND_OF_VALUE: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a map',
  record: 'a map',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

/** Names that lead nowhere or are there twice: what the shape alone cannot tell. */
function referenceMistakes(document: YamlDocument, topology: Topology): Mistake[] {
  const found: Mistake[] = []
  const report = (path: (string | number)[], reason: string) => {
    found.push({ where: document.where(path), field: fieldOf(path), reason })
  }
  const services = new Set(topology.services.map(({ name }) => name))
  const unique = (names: readonly string[], path: (index: number) => (string | number)[]) => {
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) report(path(index), `"${name}" is there twice`)
    }
  }
  const known = (name: string, path: (string | number)[]) => {
    if (!services.has(name)) report(path, `there is no service "${name}"; known: ${[...services].join(', ') || 'none'}`)
  }
  unique(topology.shards, (index) => ['shards', index])
  unique(topology.tenants, (index) => ['tenants', index])
  for (const [tenant, shard] of Object.entries(topology.placement)) {
    if (!topology.tenants.includes(tenant)) report(['placement', tenant], `there is no tenant "${tenant}"`)
    if (!topology.shards.includes(shard)) {
      report(['placement', tenant], `there is no shard "${shard}"; known: ${topology.shards.join(', ')}`)
    }
  }
  unique(topology.meshes, (index) => ['meshes', index])
  unique(namesOf(topology.services), (index) => ['services', index, 'name'])
  unique(namesOf(topology.zones), (index) => ['zones', index, 'name'])
  for (const [index, { mesh, calls }] of topology.services.entries()) {
    if (!topology.meshes.includes(mesh)) report(['services', index, 'mesh'], `there is no mesh "${mesh}"`)
    for (const [call, name] of calls.entries()) known(name, ['services', index, 'calls', call])
  }
  for (const [index, { fleets }] of topology.zones.entries()) {
    const sold = fleets.map(({ service }) => service)
    unique(sold, (fleet) => ['zones', index, 'fleets', fleet, 'service'])
    for (const [fleet, service] of sold.entries()) known(service, ['zones', index, 'fleets', fleet, 'service'])
  }
  return found
}

function behaviourMistakes(
  document: YamlDocument,
  topology: Topology,
  { known, mistakesIn }: BehaviourRules,
): Mistake[] {
  const at = (path: (string | number)[], reason: string) => ({
    where: document.where(path),
    field: fieldOf(path),
    reason,
  })
  const own = Object.entries(topology.behaviours).flatMap(([name, behaviour]) =>
    mistakesIn(behaviour).map(({ path, reason }) => at(['behaviours', name, ...path], reason)),
  )
  const names = new Set([...Object.keys(topology.behaviours), ...known])
  const lost = topology.zones.flatMap(({ fleets }, zone) =>
    fleets.flatMap(({ behaviour }, fleet) => {
      if (names.has(behaviour)) return []
      const reason = `there is no behaviour "${behaviour}"; known: ${[...names].join(', ')}`
      return [at(['zones', zone, 'fleets', fleet, 'behaviour'], reason)]
    }),
  )
  return [...own, ...lost]
}

function namesOf(named: readonly { readonly name: string }[]): string[] {
  return named.map(({ name }) => name)
}

function fieldOf(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  )
}

export interface Totals {
  readonly tenants: number
  readonly zones: number
  readonly externalZones: number
  readonly dataplanes: number
}

export function totalsOf({ tenants, zones }: Topology): Totals {
  const perTenant = zones.reduce((sum, zone) => sum + dataplanesIn(zone), 0)
  return {
    tenants: tenants.length,
    zones: zones.length * tenants.length,
    externalZones: zones.filter(({ external }) => external).length * tenants.length,
    dataplanes: perTenant * tenants.length,
  }
}

/** Sidecars that zonelab runs there: whoever runs an external zone brings its sidecars too. */
export function dataplanesIn(zone: ZonePlan): number {
  if (zone.external) return 0
  return zone.fleets.reduce((sum, { replicas }) => sum + replicas, 0)
}
