import type { Hop, HopKind } from '../../base/hops.js'
import { hashedName, parseWireName, wireName } from '../../model/naming.js'
import { DOWN_TYPES } from '../../model/registry.js'

/** One step of a write's way, from where it began to where it ended, on the monotonic clock. */
export interface Span {
  readonly name: string
  /** The component that took the step. */
  readonly service: string
  readonly startMs: number
  readonly endMs: number
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, string>>
  /** What this step followed from; undefined for the write itself. */
  readonly parent: Span | undefined
}

interface OpenTrace {
  readonly accepted: Hop
  readonly names: ReadonlySet<string>
  readonly hops: Hop[]
  lastMs: number
}

const DOWN: ReadonlySet<string> = new Set(DOWN_TYPES)

/** A write of which nothing has been heard for so long has come as far as it will. */
const QUIET_MS = 1_000
/** Hops that wait to be joined: about a second of a busy lab. */
const WAITING_MAX = 200_000
/** Writes under way at once; beyond, the oldest is told as far as it got. */
const OPEN_MAX = 1_000
/** Hops of one write: some thousand sidecars. Later ones are left out. */
const HOPS_MAX = 20_000

/**
 * Joins the hops of all processes into one trace for each write. KDS and xDS carry no trace id and we add none: hops
 * of a zone belong to the newest write of their name, and a sidecar's to the newest write that its zone had stored.
 */
export class TraceJoin {
  readonly #open = new Map<string, OpenTrace>()
  /** The newest write that a zone has stored. */
  readonly #storedBy = new Map<string, OpenTrace>()
  readonly #finish: (spans: readonly Span[]) => void
  /** Told by several processes, so in no order. */
  #waiting: Hop[] = []

  constructor(finish: (spans: readonly Span[]) => void) {
    this.#finish = finish
  }

  add(hop: Hop): void {
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(hop)
  }

  /** Joins what happened until then, which all processes have told by now, and tells the traces that are quiet since. */
  flush(untilMs: number): void {
    const due = this.#waiting.filter(({ at }) => at <= untilMs).sort((a, b) => a.at - b.at)
    this.#waiting = this.#waiting.filter(({ at }) => at > untilMs)
    for (const hop of due) this.#take(hop)
    for (const trace of new Set(this.#open.values())) if (trace.lastMs < untilMs - QUIET_MS) this.#end(trace)
  }

  #take(hop: Hop): void {
    if (hop.hop === 'accepted') {
      if (DOWN.has(hop.type)) this.#begin(hop)
      return
    }
    const isSidecars = hop.hop.startsWith('xds-') || hop.hop === 'dataplane-applied'
    const trace = isSidecars ? this.#storedBy.get(zoneOf(hop)) : this.#open.get(keyOf(hop, hop.name))
    if (!trace) return
    if (hop.hop === 'zone-stored') this.#storedBy.set(zoneOf(hop), trace)
    trace.lastMs = hop.at
    if (trace.hops.length < HOPS_MAX) trace.hops.push(hop)
  }

  #begin(accepted: Hop): void {
    const { mesh, name } = parseWireName(accepted.name)
    // On KDS a copy goes by its hashed name, where its type is not one that keeps its own.
    const names = new Set([accepted.name, wireName(mesh, hashedName({ mesh, name, labels: {} }))])
    const trace = { accepted, names, hops: [], lastMs: accepted.at }
    const older = this.#open.get(keyOf(accepted, accepted.name))
    if (older) this.#end(older)
    for (const each of names) this.#open.set(keyOf(accepted, each), trace)
    const [oldest] = this.#open.values()
    if (oldest && this.#open.size > 2 * OPEN_MAX) this.#end(oldest)
  }

  #end(trace: OpenTrace): void {
    for (const name of trace.names) this.#open.delete(keyOf(trace.accepted, name))
    for (const [zone, stored] of this.#storedBy) if (stored === trace) this.#storedBy.delete(zone)
    this.#finish(spansOf(trace))
  }
}

function keyOf({ tenant, type }: Hop, name: string): string {
  return `${tenant} ${type} ${name}`
}

/** A sidecar is named `zone/mesh.name`. */
function zoneOf({ tenant, peer = '' }: Hop): string {
  return `${tenant} ${peer.split('/')[0]}`
}

/** The hop that ends a step, and the name of the step; what it began with is the last hop of an earlier kind, or told by the hop. */
const STEPS = {
  'kds-encoded': { step: 'encode', by: 'global', after: undefined },
  'kds-sent': { step: 'wait for zone', by: 'global', after: 'kds-encoded' },
  'zone-stored': { step: 'store in zone', by: 'zone', after: 'kds-sent' },
  'kds-acked': { step: 'acknowledge to global', by: 'zone', after: 'kds-sent' },
  'kds-nacked': { step: 'acknowledge to global', by: 'zone', after: 'kds-sent' },
  'xds-sent': { step: 'build configuration', by: 'zone', after: 'zone-stored' },
  'dataplane-applied': { step: 'apply in sidecar', by: 'sidecar', after: 'xds-sent' },
  'xds-acked': { step: 'acknowledge to zone', by: 'sidecar', after: 'xds-sent' },
  'xds-nacked': { step: 'acknowledge to zone', by: 'sidecar', after: 'xds-sent' },
} as const

/** A step as a later hop finds it again: encoded once for all zones that are sent that version, stored once for a zone's sidecars. */
function endOf(kind: HopKind, { peer = '', version }: Hop): string {
  if (kind === 'kds-encoded') return `${version} ${kind}`
  return kind === 'zone-stored' ? `${peer.split('/')[0]} ${kind}` : `${peer} ${kind}`
}

function spansOf({ accepted, hops, lastMs }: OpenTrace): readonly Span[] {
  const { type, name, tenant } = accepted
  const root: Span = {
    name: `write ${type}`,
    service: 'global',
    startMs: accepted.at,
    endMs: lastMs,
    failed: false,
    attributes: { 'zonelab.tenant': tenant, 'zonelab.resource.type': type, 'zonelab.resource.name': name },
    parent: undefined,
  }
  const spans = [root]
  /** By `endOf`, the step that ended there. */
  const ended = new Map<string, Span>()
  for (const hop of hops) {
    const { hop: kind, peer = '', at, tookMs } = hop
    if (kind === 'accepted') continue
    const { step, by, after } = STEPS[kind]
    const [zone = ''] = peer.split('/')
    const before = after && ended.get(endOf(after, hop))
    const span: Span = {
      name: step,
      service: by,
      startMs: tookMs === undefined ? (before?.endMs ?? accepted.at) : at - tookMs,
      endMs: at,
      failed: kind.endsWith('nacked'),
      attributes: { ...(peer !== '' && { 'zonelab.zone': zone, 'zonelab.peer': peer }), 'zonelab.type': hop.type },
      parent: before ?? root,
    }
    ended.set(endOf(kind, hop), span)
    spans.push(span)
  }
  return spans
}
