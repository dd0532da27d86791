import { AppError } from '../base/errors.js'
import { DEFAULT_SHARD } from './shards.js'
import type { Fleet, Service, Topology } from './topology.js'

/** The shop that a lab sells when no file says otherwise: what its visitors see, what answers them, what remembers. */
const SERVICES: readonly Service[] = [
  { name: 'frontend', mesh: 'default', port: 8080, protocol: 'http', labels: {}, calls: ['backend'] },
  { name: 'backend', mesh: 'default', port: 8081, protocol: 'http', labels: {}, calls: ['database'] },
  { name: 'database', mesh: 'default', port: 5432, protocol: 'tcp', labels: {}, calls: [] },
]

export interface ShopCounts {
  /** Default: one. */
  readonly shards?: readonly string[]
  /** Control planes; 1 has no id of its own. */
  readonly tenants: number
  /** Per tenant. */
  readonly zones: number
  /** Per zone. */
  readonly dataplanes: number
  /** Zones whose place is kept but not filled. */
  readonly external: readonly string[]
}

/** `zone-1` to `zone-N`, each with the shop's services, the sidecars dealt out in turn. */
export function shopTopology({ shards = [DEFAULT_SHARD], tenants, zones, dataplanes, external }: ShopCounts): Topology {
  const names = numbered('zone', zones)
  const stranger = external.find((name) => !names.includes(name))
  if (stranger !== undefined) {
    const known = names.length > 3 ? `${names[0]} to ${names.at(-1)}` : names.join(', ')
    throw new AppError('invalid-argument', `--external ${stranger}: there is no such zone; the zones are ${known}`)
  }
  return {
    shards,
    tenants: tenants === 1 ? ['default'] : numbered('cp', tenants),
    placement: {},
    meshes: ['default'],
    services: SERVICES,
    behaviours: {},
    zones: names.map((name) => ({ name, external: external.includes(name), fleets: dealOut(dataplanes) })),
  }
}

function dealOut(dataplanes: number): Fleet[] {
  return SERVICES.map(({ name }, index) => ({
    service: name,
    replicas: Math.ceil((dataplanes - index) / SERVICES.length),
    behaviour: 'steady',
  })).filter(({ replicas }) => replicas > 0)
}

function numbered(word: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${word}-${index + 1}`)
}
