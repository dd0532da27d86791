import { z } from 'zod'
import { DEFAULT_SHARD } from './shards.js'
import type { Topology } from './topology.js'

/** What `up` was asked to run, complete. Two of them that are equal make the same lab. */
export interface LabSpec {
  readonly topology: Topology
  readonly auth: 'zone-token' | 'sat' | 'none'
  /** Streams are authenticated once, or end when their credential does. */
  readonly openStreams: 'parity' | 'strict'
  /** No TLS on KDS and on the platform's API. Sidecars always use TLS, as Kuma's do. */
  readonly plaintext: boolean
  /** Address that every listener binds. */
  readonly listen: string
  /** `memory`, the path of the global's SQLite file, or a Postgres URL without its password. Zones keep theirs beside it or in memory too. */
  readonly db: string
  /** `auto`: one for each component, packed above a number of zones. `isolate`: never packed. `inline`: all in one. */
  readonly processes: 'auto' | 'isolate' | 'inline'
  readonly global: OwnGlobal | ForeignGlobal
}

/** Several control planes or shards, or zones with access tokens, need a manager; somebody else's global has its own. */
export function hasPlatform({ topology, auth, global }: LabSpec): boolean {
  return global.kind === 'own' && (topology.tenants.length > 1 || topology.shards.length > 1 || auth === 'sat')
}

export interface OwnGlobal {
  readonly kind: 'own'
  /** Ports asked for by flag. */
  readonly ports: Readonly<Record<string, number>>
  /** Processes of it over one database, where there are several: `global`, `global-2` … */
  readonly instances?: number
}

/** A global that somebody else runs. */
export interface ForeignGlobal {
  readonly kind: 'foreign'
  /** `grpcs://host:port` or `grpc://host:port`. */
  readonly address: string
  readonly caFile: string | undefined
  /** Holds `ZONE` or `ZONE.jwt`, a token a file. */
  readonly zoneTokenDir: string | undefined
  /** The zones' control plane there, where that has several. */
  readonly cpId?: string
}

/** The database file's place in a lab's directory when no flag names another. */
export const DEFAULT_DB = 'lab'

const service = z.object({
  name: z.string(),
  mesh: z.string(),
  port: z.number(),
  protocol: z.enum(['http', 'http2', 'grpc', 'tcp']),
  labels: z.record(z.string(), z.string()),
  calls: z.array(z.string()),
})
const zone = z.object({
  name: z.string(),
  external: z.boolean(),
  fleets: z.array(z.object({ service: z.string(), replicas: z.number(), behaviour: z.string() })),
})

/** As it stands in `lab.json`. */
export const labSpecSchema: z.ZodType<LabSpec> = z.object({
  topology: z.object({
    shards: z.array(z.string()).default([DEFAULT_SHARD]),
    tenants: z.array(z.string()),
    placement: z.record(z.string(), z.string()).default({}),
    meshes: z.array(z.string()),
    services: z.array(service),
    zones: z.array(zone),
    behaviours: z.record(z.string(), z.json()),
  }),
  auth: z.enum(['zone-token', 'sat', 'none']),
  openStreams: z.enum(['parity', 'strict']).default('parity'),
  plaintext: z.boolean(),
  listen: z.string(),
  db: z.string(),
  processes: z.enum(['auto', 'isolate', 'inline']),
  global: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('own'),
      ports: z.record(z.string(), z.number()),
      instances: z.number().optional(),
    }),
    z.object({
      kind: z.literal('foreign'),
      address: z.string(),
      caFile: z.string().optional(),
      zoneTokenDir: z.string().optional(),
      cpId: z.string().optional(),
    }),
  ]),
}) as unknown as z.ZodType<LabSpec>
