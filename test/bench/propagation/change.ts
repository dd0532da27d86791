import type { Json } from '../../../src/model/json.js'

/** A change alters so many sidecars at most. */
const ALTERED_MAX = 100
/** So many groups at least: two changes of one would be under way at once, and one of them be refused. */
const GROUPS_MIN = 10

/** Sidecars are in so many groups, and one change alters one group. */
export function groupsOf({ zones, sidecars }: { readonly zones: number; readonly sidecars: number }): number {
  return Math.max(GROUPS_MIN, Math.ceil((zones * sidecars) / ALTERED_MAX))
}

/** A sidecar accepted the cluster of change `number` at that monotonic time. */
export interface Applied {
  readonly sidecar: string
  readonly number: number
  readonly atMs: number
}

/** Above any timeout that the defaults set, so that a change is known by its own. */
const BASE_MS = 100_000

/** Change `number` as the policy of the group that it alters: its number is the timeout, in milliseconds. */
export function policyOf(number: number, groups: number): { readonly name: string; readonly body: string } {
  const group = `group-${number % groups}`
  const to = [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: `${BASE_MS + number}ms` } }]
  const spec = { targetRef: { kind: 'Dataplane', labels: { group } }, to }
  return { name: group, body: JSON.stringify({ type: 'MeshTimeout', mesh: 'default', name: group, spec }) }
}

/** Change `number` as one policy of the whole mesh: it alters every sidecar. Of equals the first by name wins, before the defaults. */
export function meshWide(number: number): { readonly name: string; readonly body: string } {
  const to = [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: `${BASE_MS + number}ms` } }]
  const spec = { targetRef: { kind: 'Mesh' }, to }
  return { name: 'all', body: JSON.stringify({ type: 'MeshTimeout', mesh: 'default', name: 'all', spec }) }
}

/** The number of the change that set this timeout of a cluster; undefined: none did. */
export function numberOf(timeout: Json | undefined): number | undefined {
  const ms = typeof timeout === 'string' ? Math.round(Number.parseFloat(timeout) * 1e3) : 0
  return ms >= BASE_MS ? ms - BASE_MS : undefined
}
