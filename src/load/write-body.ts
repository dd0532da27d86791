import type { JsonObject } from '../model/json.js'

/** Types that a load writes. A write is numbered, and what it writes carries the number. */
export const WRITTEN_TYPES = [
  'MeshTimeout',
  'MeshCircuitBreaker',
  'MeshRetry',
  'MeshTrafficPermission',
  'MeshHTTPRoute',
  'MeshAccessLog',
] as const
export type WrittenType = (typeof WRITTEN_TYPES)[number]

/** The label by which a zone knows which write it has been sent. */
export const WRITE_LABEL = 'zonelab.dev/write'
/** Room for what makes a resource as large as it is to be. */
const PADDING_LABEL = 'zonelab.dev/padding'
/** Sidecars belong to one group each. */
export const GROUP_LABEL = 'zonelab.dev/group'

export interface Written {
  readonly type: WrittenType
  readonly mesh: string
  readonly name: string
  /** From 1 on. */
  readonly number: number
  /** The sidecars that it selects; undefined: all. */
  readonly group: number | undefined
  /** Of the whole body, about. */
  readonly bytes: number
}

/** A policy in Kuma's universal JSON. Label values are at most 63 characters, so padding comes in several. */
export function writeBody(written: Written): JsonObject {
  const { type, mesh, name, number, group } = written
  const targetRef: JsonObject =
    group === undefined ? { kind: 'Mesh' } : { kind: 'Dataplane', labels: { [GROUP_LABEL]: `g${group}` } }
  const body = {
    type,
    mesh,
    name,
    labels: { [WRITE_LABEL]: String(number) },
    spec: { targetRef, ...SPECS[type](number) },
  }
  const missing = written.bytes - JSON.stringify(body).length
  return missing <= 0 ? body : { ...body, labels: { ...body.labels, ...padding(missing) } }
}

/** Above any default of Envoy's or Kuma's, so that a mark is known for one. */
export const MARK_BASE = 100_000

/** What of the spec changes with each write, where Envoy's configuration can show it: `sidecar-mark.ts` reads it there. */
const SPECS: Readonly<Record<WrittenType, (number: number) => JsonObject>> = {
  MeshTimeout: (number) => ({ to: [toMesh({ connectionTimeout: `${MARK_BASE + number}ms` })] }),
  MeshCircuitBreaker: (number) => ({ to: [toMesh({ connectionLimits: { maxConnections: MARK_BASE + number } })] }),
  MeshRetry: (number) => ({ to: [toMesh({ http: { numRetries: 1 + (number % 1_000) } })] }),
  MeshTrafficPermission: () => ({
    rules: [{ default: { allow: [{ spiffeID: { type: 'Prefix', value: 'spiffe://load' } }] } }],
  }),
  MeshHTTPRoute: (number) => ({
    to: [
      {
        targetRef: { kind: 'MeshService', labels: { 'kuma.io/display-name': 'load' } },
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: `/${number}` } }],
            default: {
              filters: [
                {
                  type: 'RequestHeaderModifier',
                  requestHeaderModifier: { set: [{ name: 'x-write', value: String(number) }] },
                },
              ],
            },
          },
        ],
      },
    ],
  }),
  MeshAccessLog: (number) => ({
    to: [toMesh({ backends: [{ type: 'File', file: { path: `/tmp/load-${number}.log` } }] })],
  }),
}

function toMesh(settings: JsonObject): JsonObject {
  return { targetRef: { kind: 'Mesh' }, default: settings }
}

/** Names and values of labels have 63 characters at the most; what is between them in JSON counts too. */
const VALUE_MAX = 63

function padding(bytes: number): Record<string, string> {
  const perLabel = `"${PADDING_LABEL}-0000":"",`.length + VALUE_MAX
  return Object.fromEntries(
    Array.from({ length: Math.ceil(bytes / perLabel) }, (_, index) => {
      const value = Math.min(VALUE_MAX, Math.max(1, bytes - index * perLabel - (perLabel - VALUE_MAX)))
      return [`${PADDING_LABEL}-${String(index).padStart(4, '0')}`, 'x'.repeat(value)]
    }),
  )
}
