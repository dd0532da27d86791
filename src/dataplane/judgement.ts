import type { ReceivedBatch } from '../protocol/ports.js'
import type { AnyValue } from '../wire/spec-codec.js'
import type { PooledResource } from './resource-pool.js'

/** What a judge has to know of the resources that a proxy runs with. */
export interface Running {
  /** Names of clusters, warming ones included. */
  hasCluster(name: string): boolean
  /** `address:port` by listener; asked for when there is a listener to judge. */
  listening(): ReadonlyMap<string, string>
}

export interface RefusedResource {
  readonly resource: PooledResource
  readonly reason: string
}

export interface Verdict {
  readonly accepted: readonly PooledResource[]
  readonly refused: readonly RefusedResource[]
}

/** A fault for which Envoy refuses a response whole (`DeltaSubscriptionState::handleGoodResponse`), in words. */
export function faultOfBatch({ type, resources, removed }: ReceivedBatch<AnyValue>): string | undefined {
  const names = new Set<string>()
  for (const { name, payload } of resources) {
    if (names.has(name)) return `duplicate name ${name} among the resources of one response`
    if (payload.typeUrl !== type) return `${name} is a ${payload.typeUrl} in a response of ${type}`
    names.add(name)
  }
  const both = removed.find((name) => names.has(name))
  return both === undefined ? undefined : `${both} is both sent and removed in one response`
}

/** Each resource of a batch in its order, as Envoy takes them one after the other. Removals have been applied before. */
export function judge(resources: readonly PooledResource[], running: Running): Verdict {
  const verdict = { accepted: [] as PooledResource[], refused: [] as RefusedResource[] }
  const addresses = new Map(resources.some(({ kind }) => kind === 'listener') ? running.listening() : [])
  const listening = new Map([...addresses].map(([name, address]) => [address, name]))
  for (const resource of resources) {
    const reason = faultOf(resource, running, listening)
    if (reason !== undefined) {
      verdict.refused.push({ resource, reason })
      continue
    }
    verdict.accepted.push(resource)
    if (resource.kind === 'listener') moveListener(resource, addresses, listening)
  }
  return verdict
}

function faultOf(
  { kind, name, content }: PooledResource,
  running: Running,
  listening: ReadonlyMap<string, string>,
): string | undefined {
  if (content.kind === 'broken') return content.reason
  if (kind !== 'listener') return undefined
  const { address, clusters } = content.references
  const other = address === undefined ? undefined : listening.get(address)
  if (other !== undefined && other !== name) {
    return `error adding listener: '${name}' has duplicate address '${address}' as existing listener '${other}'`
  }
  const unknown = clusters.find((cluster) => !running.hasCluster(cluster))
  return unknown === undefined ? undefined : `listener ${name} has a route to the unknown cluster '${unknown}'`
}

function moveListener(
  { name, content }: PooledResource,
  addresses: Map<string, string>,
  listening: Map<string, string>,
): void {
  const before = addresses.get(name)
  if (before !== undefined) listening.delete(before)
  if (content.kind !== 'sound' || content.references.address === undefined) return
  addresses.set(name, content.references.address)
  listening.set(content.references.address, name)
}
