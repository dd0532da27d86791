import { z } from 'zod'
import { AppError, type Violation } from '../base/errors.js'
import { parseYaml, type YamlDocument } from '../lab/yaml-file.js'
import { faultSchema } from './fault-plan.js'
import { duration, range, rate, share, size } from './quantity.js'
import { RELEASES } from './release.js'
import { threshold } from './threshold-schema.js'
import { WRITTEN_TYPES } from './write-body.js'

/** What one machine can hold is far below; a count above it is a slip of the finger. */
const ZONES_MAX = 5_000
const DATAPLANES_MAX = 1_000
const TENANTS_MAX = 100
const POOL_MAX = 100_000
const SIDECARS_MAX = 200_000
/** A plan names each write and change before the first: some hundred bytes each. */
const EVENTS_MAX = 1_000_000

const whole = (min: number, max: number) => z.int().min(min).max(max)
const label = z
  .string()
  .regex(/^[a-z](?:[-a-z0-9]{0,30}[a-z0-9])?$/, 'must be 2 to 32 lower-case letters, digits or inner dashes')

const releaseShares = z
  .partialRecord(z.enum(Object.keys(RELEASES) as [string, ...string[]]), share)
  .transform((shares) => shares as Readonly<Record<string, number>>)
  .refine((shares) => Math.abs(Object.values(shares).reduce((sum, one) => sum + one, 0) - 1) < 1e-9, {
    message: 'the shares of the releases must add up to 100%',
  })

const topologySchema = z.strictObject({
  tenants: whole(1, TENANTS_MAX).default(1),
  /** Per tenant. */
  zones: whole(1, ZONES_MAX).default(10),
  /** Per zone. */
  dataplanes: whole(0, DATAPLANES_MAX).default(0),
  /**
   * `light`: zones that speak KDS and hold nothing but versions; their sidecars are Dataplanes that they send up.
   * `full`: whole zone control planes with mock sidecars behind them. `auto`: full where there are sidecars.
   */
  tier: z.enum(['light', 'full', 'auto']).default('light'),
  /** Per zone; sidecars are dealt out over them. */
  services: whole(1, 200).default(3),
  /** Of each sidecar. */
  inbounds: range.prefault('1'),
  outbounds: range.prefault('1-3'),
  /** Exponent of Zipf's law by which sidecars choose what they call: 0 is evenly, 1 a few favourites. */
  popularity: z.number().min(0).max(3).default(1),
  /** What share of the zones is of which release. */
  release: releaseShares.prefault({ '3.0': '100%' }),
  /** A zone that comes back says what it holds, as zonelab's zones do; Kuma's never do. */
  resume: z.boolean().default(true),
  /** How long a zone waits before it dials again, spread by half around it. */
  reconnect: duration.prefault('5s'),
  /** Zones answer so much later than they have applied. */
  ackDelay: duration.prefault('0ms'),
})

const loadSchema = z.strictObject({
  writes: rate.prefault('10/s'),
  duration: duration.prefault('30s'),
  /** The first part of it is not measured. */
  warmup: duration.prefault('2s'),
  /** Weights of the types that are written. */
  mix: z.partialRecord(z.enum(WRITTEN_TYPES), z.number().positive()).prefault({ MeshTimeout: 1 }),
  size: size.prefault('1-2KiB'),
  /** Resources of each type that are written again and again. */
  resources: whole(1, POOL_MAX).default(20),
  /** Each policy selects the sidecars of one of so many groups; 1: every sidecar. */
  groups: whole(1, 10_000).default(1),
})

const churnSchema = z.strictObject({
  /** Sidecars replaced by new ones. */
  dataplanes: rate.prefault('0/s'),
  /** Services that come or go. */
  services: rate.prefault('0/s'),
  /** Sidecars whose insight changes. */
  insights: rate.prefault('0/s'),
})

const scenarioSchema = z.strictObject({
  apiVersion: z.literal('zonelab.dev/v1alpha1').optional(),
  kind: z.literal('Scenario'),
  name: label,
  description: z.string().default(''),
  seed: whole(0, 2 ** 32 - 1).default(1),
  topology: topologySchema.prefault({}),
  /** `zones` connect a second, then `hold` passes before the first write. */
  ramp: z
    .strictObject({ zones: rate.prefault('50/s'), dataplanes: rate.prefault('200/s'), hold: duration.prefault('2s') })
    .prefault({}),
  load: loadSchema.prefault({}),
  /** Resources that are there before the first zone connects, spread over the policy types. */
  standing: whole(0, POOL_MAX).default(0),
  churn: churnSchema.prefault({}),
  faults: z.array(faultSchema).default([]),
  /** Silence at the end, in which a system that is done says nothing any more. */
  quietTail: duration.prefault('10s'),
  thresholds: z.array(threshold).default([]),
})

export type Scenario = Omit<z.output<typeof scenarioSchema>, 'apiVersion' | 'kind'>

/** The tier that the zones are really of. */
export function tierOf({ tier, dataplanes }: Scenario['topology']): 'light' | 'full' {
  return tier === 'auto' ? (dataplanes > 0 ? 'full' : 'light') : tier
}

/** Throws `invalid-argument` whose every line names file:line:column. A file with other documents is read for its one Scenario. */
export function parseScenario(text: string, file: string): Scenario {
  const found = parseYaml(text, file).filter(({ value }) => (value as { kind?: unknown }).kind === 'Scenario')
  const [document, second] = found
  if (!document) throw new AppError('invalid-argument', `${file}: there is no document with "kind: Scenario" in it`)
  if (second) throw new AppError('invalid-argument', `${second.where([])}: a second Scenario; a run has one`)
  const result = scenarioSchema.safeParse(document.value)
  if (!result.success) throw mistakes(result.error.issues.flatMap((issue) => mistakesOf(document, issue)))
  const { apiVersion: _apiVersion, kind: _kind, ...scenario } = result.data
  const contradictions = contradictionsIn(scenario)
  if (contradictions.length > 0) {
    throw mistakes(contradictions.map(({ path, reason }) => mistakeAt(document, path, reason)))
  }
  return scenario
}

/** Throws `invalid-argument` when flags have made it contradict itself. */
export function requireSound(scenario: Scenario): Scenario {
  const [first] = contradictionsIn(scenario)
  if (first === undefined) return scenario
  const { path, reason } = first
  throw new AppError('invalid-argument', `${scenario.name}, as the flags change it: ${path.join('.')}: ${reason}`)
}

interface Contradiction {
  readonly path: readonly (string | number)[]
  readonly reason: string
}

interface Mistake extends Violation {
  readonly where: string
}

function mistakes(found: readonly Mistake[]): AppError {
  const lines = found.map(({ where, field, reason }) => `${where}: ${field === '' ? '' : `${field}: `}${reason}`)
  return new AppError('invalid-argument', lines.join('\n'), { violations: found })
}

function mistakesOf(document: YamlDocument, issue: z.core.$ZodIssue): Mistake[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  if (issue.code !== 'unrecognized_keys') return [mistakeAt(document, path, issue.message)]
  return issue.keys.map((key) => mistakeAt(document, [...path, key], 'there is no such field'))
}

function mistakeAt(document: YamlDocument, path: readonly (string | number)[], reason: string): Mistake {
  return { where: document.where(path), field: path.join('.'), reason }
}

/** What the shape alone cannot tell. */
function contradictionsIn({ load, topology, faults, churn }: Scenario): Contradiction[] {
  const found: Contradiction[] = []
  const report = (path: (string | number)[], reason: string) => found.push({ path, reason })
  const bound = (path: string[], count: number, max: number, what: string) => {
    const counts = [count, max].map((one) => Math.floor(one).toLocaleString('en'))
    if (count > max) report(path, `makes ${counts[0]} ${what} in all; a run has at most ${counts[1]}`)
  }
  const zones = topology.tenants * topology.zones
  bound(['topology', 'zones'], zones, ZONES_MAX, 'zones')
  bound(['topology', 'dataplanes'], zones * topology.dataplanes, SIDECARS_MAX, 'sidecars')
  bound(['load', 'writes'], (load.writes * load.duration) / 1_000, EVENTS_MAX, 'writes')
  for (const kind of ['dataplanes', 'services', 'insights'] as const) {
    bound(['churn', kind], (churn[kind] * load.duration) / 1_000, EVENTS_MAX, 'changes')
  }
  if (load.warmup >= load.duration && load.duration > 0) {
    report(['load', 'warmup'], 'is as long as the load itself: nothing would be measured')
  }
  if (tierOf(topology) === 'full' && Object.keys(topology.release).some((release) => release !== '3.0')) {
    report(['topology', 'release'], 'whole zone control planes are of release 3.0; older ones are `tier: light`')
  }
  for (const [index, fault] of faults.entries()) {
    if (fault.at >= load.duration) report(['faults', index, 'at'], 'is after the end of the load')
    const numbers = fault.zones.kind === 'numbers' ? fault.zones.numbers : []
    const missing = numbers.find((number) => number > topology.zones)
    if (missing !== undefined) {
      report(['faults', index, 'zones'], `there is no z${missing}: the last zone is z${topology.zones}`)
    }
    const isTaken = faults.some((other, place) => place < index && fault.id !== undefined && other.id === fault.id)
    if (isTaken) report(['faults', index, 'id'], `another fault is called "${fault.id}"`)
  }
  return found
}
