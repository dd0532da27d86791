import type { Hop, HopKind } from '../base/hops.js'
import { hashedName, wireName } from '../model/naming.js'
import type { ResourceType } from '../model/registry.js'
import { duration, plural } from './quantities.js'

export interface Watched {
  readonly zones: readonly string[]
  /** Run by somebody else: their hops are not seen, which is not the same as not made. */
  readonly unobservable: readonly string[]
  readonly globalObservable: boolean
}

interface Changed {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
}

/** Of so many zones each is shown with its own time. */
const ZONES_SHOWN_MAX = 6

/** The way of one change, a line a hop, times from its acceptance on. Hops of the change only; hops in order of time. */
export function explainLines(changed: Changed, hops: readonly Hop[], watched: Watched): string[] {
  const own = hops.filter((hop) => isOf(changed, hop))
  const accepted = own.find(({ hop }) => hop === 'accepted')
  const startMs = accepted?.at ?? own[0]?.at
  if (startMs === undefined) {
    return [
      watched.globalObservable ? '  nothing was sent: the global held it so already' : '  no hop of it was observable',
    ]
  }
  const of = (kind: HopKind) => own.filter(({ hop, at }) => hop === kind && at >= startMs)
  const line = (atMs: number | undefined, text: string) =>
    `  ${(atMs === undefined ? '' : duration(atMs - startMs)).padStart(9)}   ${text}`
  const zoneLines = [
    line(
      watched.globalObservable ? accepted?.at : undefined,
      `accepted by the global${accepted ? '' : ': not observable'}`,
    ),
    encodedLine(of('kds-encoded'), line),
    peersLine('sent to', of('kds-sent'), watched.zones, [], line),
    peersLine('stored by', of('zone-stored'), watched.zones, watched.unobservable, line),
    peersLine('acknowledged by', of('kds-acked'), watched.zones, [], line, startMs),
    ...of('kds-nacked').map(({ at, peer }) => line(at, `refused by ${peer}`)),
  ]
  return [...zoneLines, ...sidecarLines(hops, of('zone-stored'), startMs, line)]
}

type Line = (atMs: number | undefined, text: string) => string

/** Once for each class of zones; the time is when the last of them was encoded. */
function encodedLine(hops: readonly Hop[], line: Line): string {
  const last = hops.at(-1)
  if (!last) return line(undefined, 'encoded: not observable')
  const took = hops.reduce((sum, { tookMs = 0 }) => sum + tookMs, 0)
  const classes = hops.length === 1 ? '' : ` for ${hops.length} classes of zones`
  return line(last.at, `encoded${classes}, which took ${took < 0.1 ? 'under 0.1 ms' : duration(took)}`)
}

function peersLine(
  verb: string,
  hops: readonly Hop[],
  zones: readonly string[],
  unobservable: readonly string[],
  line: Line,
  startMs?: number,
): string {
  const first = firstOfEach(hops)
  if (first.length === 0) return line(undefined, `${verb} zones: not observable`)
  const last = Math.max(...first.map(({ at }) => at))
  const hidden = unobservable.length > 0 ? ` (${unobservable.join(', ')}: not observable)` : ''
  const each =
    startMs !== undefined && first.length <= ZONES_SHOWN_MAX
      ? `   ${first.map(({ peer, at }) => `${peer} ${duration(at - startMs)}`).join(' · ')}`
      : ''
  return line(last, `${verb} ${first.length} of ${zones.length} zones${hidden}${each}`)
}

/** Sidecar hops carry Envoy's names: they belong to the change if they came after its zone had stored it. */
function sidecarLines(hops: readonly Hop[], stored: readonly Hop[], startMs: number, line: Line): string[] {
  const storedMs = Math.min(...stored.map(({ at }) => at))
  const after = (kind: HopKind) => firstOfEach(hops.filter(({ hop, at }) => hop === kind && at >= storedMs))
  const sent = after('xds-sent')
  const acked = after('xds-acked')
  if (sent.length === 0) return [line(undefined, 'no sidecar needed new configuration')]
  const lastOf = (list: readonly Hop[]) => Math.max(...list.map(({ at }) => at))
  const times = acked.map(({ at }) => at - startMs).sort((a, b) => a - b)
  const median = times[Math.floor(times.length / 2)] ?? 0
  return [
    line(lastOf(sent), `configuration sent to ${plural(sent.length, 'sidecar')}`),
    acked.length === 0
      ? line(undefined, 'acknowledged by sidecars: not observable')
      : line(
          lastOf(acked),
          `acknowledged by ${acked.length} of ${plural(sent.length, 'sidecar')}   median ${duration(median)}`,
        ),
    ...after('xds-nacked').map(({ at, peer, type }) => line(at, `refused by ${peer} (${type})`)),
  ]
}

/** A receiver may take several messages; the first one that has the change is its hop. */
function firstOfEach(hops: readonly Hop[]): Hop[] {
  const first = new Map<string, Hop>()
  for (const hop of hops) {
    const peer = hop.peer ?? ''
    if (!first.has(peer)) first.set(peer, hop)
  }
  return [...first.values()]
}

/** On KDS a copy goes by its hashed name, where its type is not one that keeps its own. */
function isOf({ type, mesh, name }: Changed, hop: Hop): boolean {
  const hashed = hashedName({ mesh, name, labels: {} })
  return hop.type === type && [name, hashed].some((candidate) => hop.name === wireName(mesh, candidate))
}
