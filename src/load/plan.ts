import { type Random, seededRandom } from '../base/random.js'
import { struckBy } from '../lab/faults.js'
import type { ZoneChoice } from './fault-plan.js'
import { numbered, type PlannedSidecar, planSidecars, serviceNames } from './plan-sidecars.js'
import type { Scenario } from './scenario.js'
import { WRITTEN_TYPES, type WrittenType } from './write-body.js'

/** Everything a run will do, worked out beforehand: the same scenario gives the same plan, but for the run's name. */
export interface LoadPlan {
  readonly run: string
  /** Every resource of the run lives in it. */
  readonly mesh: string
  readonly zones: readonly PlannedZone[]
  readonly resources: readonly PlannedResource[]
  /** In order of time; `number` is the place in this list plus one. The first ones, without a time, make the resources. */
  readonly writes: readonly PlannedWrite[]
  readonly churn: readonly PlannedChurn[]
  readonly strikes: readonly PlannedStrike[]
}

export interface PlannedZone {
  readonly index: number
  readonly tenant: string
  readonly name: string
  readonly release: string
  readonly services: readonly string[]
  readonly sidecars: readonly PlannedSidecar[]
}

export interface PlannedResource {
  readonly index: number
  readonly tenant: string
  readonly type: WrittenType
  readonly name: string
  readonly group: number | undefined
}

export interface PlannedWrite {
  readonly number: number
  readonly resource: number
  readonly bytes: number
  /** After the start of the load; undefined: before it. */
  readonly atMs: number | undefined
}

export interface PlannedChurn {
  readonly atMs: number
  readonly zone: number
  readonly kind: 'dataplane' | 'service' | 'insight'
  /** Which of the zone's sidecars or services. */
  readonly index: number
}

export interface PlannedStrike {
  readonly id: string
  readonly atMs: number
  readonly durationMs: number
  readonly kind: Scenario['faults'][number]['type']
  /** Indexes of zones. */
  readonly zones: readonly number[]
}

export interface PlanInputs {
  readonly scenario: Scenario
  /** Part of every name; never decides anything else. */
  readonly run: string
  /** The control planes that the run uses. */
  readonly tenants: readonly string[]
}

export function planLoad({ scenario, run, tenants }: PlanInputs): LoadPlan {
  const { seed, topology } = scenario
  const random = (what: string) => seededRandom(seed ^ checksum(what))
  const names = numbered(`zl-${run}-z`, topology.zones)
  const releases = deal(topology.release, tenants.length * topology.zones, random('releases'))
  const zones = tenants.flatMap((tenant, tenantIndex) =>
    names.map((name, zoneIndex): PlannedZone => {
      const index = tenantIndex * topology.zones + zoneIndex
      const services = serviceNames(topology)
      const sidecars = planSidecars(scenario, random(`sidecars ${index}`))
      return { index, tenant, name, release: releases[index] ?? '3.0', services, sidecars }
    }),
  )
  const resources = planResources(scenario, run, tenants)
  return {
    run,
    mesh: `zl-${run}`,
    zones,
    resources,
    writes: planWrites(scenario, resources, random('writes')),
    churn: planChurn(scenario, zones, random('churn')),
    strikes: planStrikes(scenario, zones, random('faults')),
  }
}

function planResources({ load }: Scenario, run: string, tenants: readonly string[]): PlannedResource[] {
  const types = WRITTEN_TYPES.filter((type) => load.mix[type] !== undefined)
  let index = 0
  return tenants.flatMap((tenant) =>
    types.flatMap((type) =>
      numbered(`zl-${run}-${type.toLowerCase()}-`, load.resources).map((name, place): PlannedResource => {
        const group = load.groups === 1 ? undefined : place % load.groups
        return { index: index++, tenant, type, name, group }
      }),
    ),
  )
}

/** One that makes each resource, then the load: evenly spaced, the type by its weight, the resource of the type at random. */
function planWrites({ load }: Scenario, resources: readonly PlannedResource[], random: Random): PlannedWrite[] {
  const bytes = () => Math.floor(load.size.min + random.next() * (load.size.max - load.size.min + 1))
  const first = resources.map(({ index }) => ({ resource: index, bytes: bytes(), atMs: undefined }))
  const weights = new Map(WRITTEN_TYPES.map((type) => [type, load.mix[type] ?? 0]))
  const byType = new Map(WRITTEN_TYPES.map((type) => [type, resources.filter((one) => one.type === type)]))
  const count = Math.floor((load.writes * load.duration) / 1_000)
  const timed = Array.from({ length: count }, (_, place) => {
    const pool = byType.get(weighted(weights, random)) ?? resources
    const resource = pool[Math.floor(random.next() * pool.length)]?.index ?? 0
    return { resource, bytes: bytes(), atMs: (place * 1_000) / load.writes }
  })
  return [...first, ...timed].map((write, place) => ({ number: place + 1, ...write }))
}

function planChurn({ churn, load, topology }: Scenario, zones: readonly PlannedZone[], random: Random): PlannedChurn[] {
  const kinds = [
    ['dataplane', churn.dataplanes, topology.dataplanes],
    ['service', churn.services, serviceNames(topology).length],
    ['insight', churn.insights, topology.dataplanes],
  ] as const
  const events = kinds.flatMap(([kind, perSecond, perZone]) =>
    Array.from({ length: perZone === 0 ? 0 : Math.floor((perSecond * load.duration) / 1_000) }, (_, place) => ({
      kind,
      atMs: (place * 1_000) / perSecond,
      zone: Math.floor(random.next() * zones.length),
      index: Math.floor(random.next() * perZone),
    })),
  )
  return events.sort((a, b) => a.atMs - b.atMs)
}

function planStrikes({ faults }: Scenario, zones: readonly PlannedZone[], random: Random): PlannedStrike[] {
  return faults.map(({ id, at, type, zones: choice, for: durationMs }, place) => ({
    id: id ?? `f-${place + 1}`,
    atMs: at,
    durationMs,
    kind: type,
    zones: struck(choice, zones, random).map(({ index }) => index),
  }))
}

function struck(choice: ZoneChoice, zones: readonly PlannedZone[], random: Random): PlannedZone[] {
  if (choice.kind === 'share') return struckBy(choice, zones, () => random.next())
  const ends = choice.numbers.map((number) => `-z${number}`)
  return zones.filter(({ name }) => ends.some((end) => name.endsWith(end)))
}

/** Deals words out by their shares, exactly as often as they say, in a random order. */
function deal(shares: Readonly<Record<string, number>>, count: number, random: Random): string[] {
  const words = Object.entries(shares).flatMap(([word, share]) => Array<string>(Math.round(share * count)).fill(word))
  const [commonest] = Object.entries(shares).sort(([, a], [, b]) => b - a)[0] ?? ['']
  const dealt = Array.from({ length: count }, (_, place) => words[place] ?? commonest)
  return struckBy({ share: 1 }, dealt, () => random.next())
}

function weighted<T>(weights: ReadonlyMap<T, number>, random: Random): T {
  const entries = [...weights]
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  const found = entries.find(([, weight]) => {
    left -= weight
    return left < 0
  })
  return (found ?? (entries[0] as [T, number]))[0]
}

/** FNV-1a: a stream of numbers of its own for each purpose, so that more of one thing leaves the others as they were. */
function checksum(text: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}
