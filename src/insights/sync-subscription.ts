import { isJsonObject, type Json, type JsonObject } from '../model/json.js'

/** What is counted per type of one delta stream (kuma `KDSServiceStats`, and its sibling of xDS). */
export interface StreamCounters {
  sent: number
  acknowledged: number
  rejected: number
}

/**
 * One delta stream as its publisher counts it: in total and per type. Mutable on purpose: it is touched on every
 * message and turned into JSON only when an insight is written.
 */
export class StreamStats {
  readonly #total = counters()
  readonly #perType = new Map<string, StreamCounters>()
  #updatedAtMs: number | undefined

  sent(type: string): void {
    this.#total.sent += 1
    this.#of(type).sent += 1
  }

  answered(type: string, refused: boolean, nowMs: number): void {
    this.#updatedAtMs = nowMs
    for (const counted of [this.#total, this.#of(type)]) {
      if (refused) counted.rejected += 1
      else counted.acknowledged += 1
    }
  }

  get total(): JsonObject {
    return countersJson(this.#total)
  }

  ofType(type: string): JsonObject {
    return countersJson(this.#perType.get(type) ?? counters())
  }

  get lastUpdateTime(): string | undefined {
    return this.#updatedAtMs === undefined ? undefined : timestamp(this.#updatedAtMs)
  }

  /** `stat` of a KDSSubscriptionStatus: type name → counters. */
  get perType(): JsonObject {
    return Object.fromEntries([...this.#perType].map(([type, counted]) => [type, countersJson(counted)]))
  }

  #of(type: string): StreamCounters {
    let counted = this.#perType.get(type)
    if (!counted) {
      counted = counters()
      this.#perType.set(type, counted)
    }
    return counted
  }
}

/** RFC 3339 with milliseconds, as protobuf JSON prints a Timestamp. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** What the first request of a stream says of its peer (kds.md §2.3). */
export interface PeerNode {
  readonly version: JsonObject | undefined
  readonly config: string | undefined
  readonly instanceId: string | undefined
  readonly features: readonly string[]
}

export function readNode(node: unknown): PeerNode {
  const metadata = isJsonObject(node as Json) ? (node as JsonObject).metadata : undefined
  if (!isJsonObject(metadata)) return { version: undefined, config: undefined, instanceId: undefined, features: [] }
  const { version, config, features } = metadata
  const instanceId = metadata['control-plane-id']
  return {
    version: isJsonObject(version) ? version : undefined,
    config: typeof config === 'string' && config !== '' ? config : undefined,
    instanceId: typeof instanceId === 'string' ? instanceId : undefined,
    features: Array.isArray(features) ? features.filter((feature) => typeof feature === 'string') : [],
  }
}

function counters(): StreamCounters {
  return { sent: 0, acknowledged: 0, rejected: 0 }
}

/** uint64 travels as a decimal string, and zero is left out. */
function countersJson({ sent, acknowledged, rejected }: StreamCounters): JsonObject {
  return {
    ...(sent > 0 && { responsesSent: String(sent) }),
    ...(acknowledged > 0 && { responsesAcknowledged: String(acknowledged) }),
    ...(rejected > 0 && { responsesRejected: String(rejected) }),
  }
}
