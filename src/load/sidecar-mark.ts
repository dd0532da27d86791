import type { PooledResource } from '../dataplane/resource-pool.js'
import type { JsonObject } from '../model/json.js'
import { parseKri } from '../model/naming.js'
import { envoyJson } from '../wire/envoy-codec.js'
import { MARK_BASE, type WrittenType } from './write-body.js'

/** What a cluster shows of the run: by type of policy, the write that it carries. */
export type ClusterMarks = readonly (readonly [WrittenType, number])[]

const NONE: ClusterMarks = []

/** By the resource, of which sidecars that hold the same version share one: each is read once. */
const known = new WeakMap<PooledResource, ClusterMarks>()

/** The timeout and the connection limit that a write has set (`write-body.ts`); a default is below any mark. */
export function marksOf(cluster: PooledResource): ClusterMarks {
  let marks = known.get(cluster)
  if (!marks) {
    marks = readMarks(envoyJson(cluster.typeUrl, cluster.bytes))
    known.set(cluster, marks)
  }
  return marks
}

function readMarks(cluster: JsonObject): ClusterMarks {
  const timeout = cluster.connect_timeout
  const timeoutMs = typeof timeout === 'string' ? Math.round(Number.parseFloat(timeout) * 1_000) : 0
  const breakers = cluster.circuit_breakers as { thresholds?: readonly { max_connections?: number }[] } | undefined
  const connections = Math.max(0, ...(breakers?.thresholds ?? []).map(({ max_connections: max = 0 }) => max))
  const marks = [
    ['MeshTimeout', timeoutMs - MARK_BASE] as const,
    ['MeshCircuitBreaker', connections - MARK_BASE] as const,
  ].filter(([, write]) => write > 0)
  return marks.length === 0 ? NONE : marks
}

/** The service that a cluster leads to; undefined for clusters of the sidecar's own. */
export function serviceOf(clusterName: string): string | undefined {
  const kri = parseKri(clusterName)
  return kri?.short === 'msvc' ? kri.name : undefined
}
