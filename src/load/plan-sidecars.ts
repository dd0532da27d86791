import type { Random } from '../base/random.js'
import type { Scenario } from './scenario.js'

export interface PlannedSidecar {
  readonly name: string
  /** Of its zone. */
  readonly service: string
  readonly group: number
  readonly inbounds: number
  /** Services of the same zone. */
  readonly outbounds: readonly string[]
}

/** The sidecars of one zone, dealt out over its services, each calling a few of them: the popular ones more often. */
export function planSidecars({ topology, load }: Scenario, random: Random): PlannedSidecar[] {
  const services = serviceNames(topology)
  const weights = services.map((_name, rank) => 1 / (rank + 1) ** topology.popularity)
  const within = ({ min, max }: { min: number; max: number }) => min + Math.floor(random.next() * (max - min + 1))
  return numbered('dp-', topology.dataplanes).map((name, place) => ({
    name,
    service: services[place % services.length] ?? 's1',
    group: place % load.groups,
    inbounds: Math.max(1, within(topology.inbounds)),
    outbounds: distinct(services, weights, Math.min(services.length, within(topology.outbounds)), random),
  }))
}

/** A service has a sidecar at the least: without one there is nothing that could be called. */
export function serviceNames({ services, dataplanes }: Scenario['topology']): string[] {
  return numbered('s', Math.min(services, Math.max(1, dataplanes)))
}

/** Picks without repeating one, the heavier ones more often. */
function distinct(names: readonly string[], weights: readonly number[], count: number, random: Random): string[] {
  const left = names.map((name, place) => ({ name, weight: weights[place] ?? 0 }))
  return Array.from({ length: count }, () => {
    let mark = random.next() * left.reduce((sum, { weight }) => sum + weight, 0)
    const found = left.findIndex(({ weight }) => {
      mark -= weight
      return mark < 0
    })
    const [picked] = left.splice(Math.max(0, found), 1)
    return picked?.name ?? ''
  })
}

export function numbered(word: string, count: number): string[] {
  return Array.from({ length: count }, (_, place) => `${word}${place + 1}`)
}
