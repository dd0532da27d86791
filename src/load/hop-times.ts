import { type Clock, sleep } from '../base/clock.js'
import type { Hop } from '../base/hops.js'
import { DiagnosticsClient } from '../lab/diagnostics-client.js'
import { hashedName, wireName } from '../model/naming.js'
import { LatencyHistogram } from './histogram.js'
import type { LoadPlan } from './plan.js'
import type { LoadTarget } from './target.js'

/** Each change makes two hops for each zone; reading more than so many a second would be a load of its own. */
const HOPS_PER_SECOND_MAX = 2_000

/** What is on its way when the reading ends. */
const LINGER_MS = 100

/** What the global did of one write, until it accepted the next one of the same resource. */
interface Passage {
  readonly acceptedMs: number
  /** By content version: classes of zones may be sent different ones. */
  readonly versions: Map<string | undefined, VersionPassage>
}

interface VersionPassage {
  encodedMs: number | undefined
  firstSentMs: number | undefined
  /** A zone that is sent it once more, after a reconnect, is not timed again. */
  readonly sentTo: Set<string>
}

/** Splits what happens inside of the global, as its event stream tells it. */
export class HopTimes {
  /** `wait` is the whole of `feed`, `encode` and `queue`: older targets and run files show nothing smaller. */
  readonly #histograms = {
    feed: LatencyHistogram.empty(),
    encode: LatencyHistogram.empty(),
    queue: LatencyHistogram.empty(),
    wait: LatencyHistogram.empty(),
    send: LatencyHistogram.empty(),
    answer: LatencyHistogram.empty(),
  }
  /** By the copy as `keyOf` calls it. */
  readonly #passages = new Map<string, Passage>()
  /** By copy and zone: when it was sent and not answered yet. */
  readonly #unanswered = new Map<string, number>()
  /** The wire name of each resource's copy, by type and wire name of the resource. */
  readonly #copies: ReadonlyMap<string, string>

  constructor(plan: LoadPlan) {
    this.#copies = new Map(
      plan.resources.map(({ type, name }) => [
        `${type}/${wireName(plan.mesh, name)}`,
        wireName(plan.mesh, hashedName({ mesh: plan.mesh, name, labels: {} })),
      ]),
    )
  }

  take(hop: Hop): void {
    if (hop.hop === 'accepted') this.#accepted(hop)
    if (hop.hop === 'kds-encoded') this.#encoded(hop)
    if (hop.hop === 'kds-sent') this.#sent(hop)
    if (hop.hop === 'kds-acked' || hop.hop === 'kds-nacked') this.#answered(hop)
  }

  /** Every hop that was seen at all, by name. */
  get seen(): ReadonlyMap<string, LatencyHistogram> {
    return new Map(Object.entries(this.#histograms).filter(([, { count }]) => count > 0))
  }

  #accepted(hop: Hop): void {
    const name = this.#copies.get(`${hop.type}/${hop.name}`)
    if (name === undefined) return
    this.#passages.set(keyOf({ ...hop, name }), { acceptedMs: hop.at, versions: new Map() })
  }

  /** Comes once from each class of zones that are connected. */
  #encoded(hop: Hop): void {
    const { at, tookMs } = hop
    const passage = this.#passages.get(keyOf(hop))
    if (!passage || tookMs === undefined) return
    this.#histograms.feed.record(at - tookMs - passage.acceptedMs)
    this.#histograms.encode.record(tookMs)
    versionOf(passage, hop).encodedMs ??= at
  }

  #sent(hop: Hop): void {
    const { at, peer = '' } = hop
    const passage = this.#passages.get(keyOf(hop))
    if (!passage) return
    const version = versionOf(passage, hop)
    if (version.sentTo.has(peer)) return
    version.sentTo.add(peer)
    if (version.firstSentMs === undefined) {
      version.firstSentMs = at
      this.#histograms.wait.record(at - passage.acceptedMs)
      if (version.encodedMs !== undefined) this.#histograms.queue.record(at - version.encodedMs)
    }
    this.#histograms.send.record(at - version.firstSentMs)
    this.#unanswered.set(`${keyOf(hop)}@${peer}`, at)
  }

  #answered(hop: Hop): void {
    const key = `${keyOf(hop)}@${hop.peer ?? ''}`
    const sentMs = this.#unanswered.get(key)
    if (sentMs === undefined) return
    this.#unanswered.delete(key)
    this.#histograms.answer.record(hop.at - sentMs)
  }
}

function keyOf({ tenant, type, name }: Hop): string {
  return `${tenant} ${type}/${name}`
}

function versionOf({ versions }: Passage, { version }: Hop): VersionPassage {
  let found = versions.get(version)
  if (!found) {
    found = { encodedMs: undefined, firstSentMs: undefined, sentTo: new Set() }
    versions.set(version, found)
  }
  return found
}

/** Reads the target's event stream until `stop`, if it has one and its hops are not too many. */
export async function listenToHops(
  plan: LoadPlan,
  target: LoadTarget,
  clock: Clock,
): Promise<{ stop(): Promise<HopTimes['seen']> }> {
  const times = new HopTimes(plan)
  if (!target.diagnostics || !hopsAreReadable(plan)) return { stop: async () => times.seen }
  const client = new DiagnosticsClient({ name: 'global', tenant: undefined, zone: '', ...target.diagnostics }, clock)
  const abort = new AbortController()
  const { end } = await client.hops((hop) => times.take(hop), abort.signal)
  return {
    async stop() {
      await sleep(clock, LINGER_MS)
      abort.abort()
      await end
      return times.seen
    },
  }
}

export function hopsAreReadable(plan: LoadPlan): boolean {
  const timed = plan.writes.filter(({ atMs }) => atMs !== undefined)
  const last = timed.at(-1)?.atMs ?? 0
  const perSecond = last === 0 ? 0 : timed.length / (last / 1_000)
  return 2 * perSecond * plan.zones.length <= HOPS_PER_SECOND_MAX
}
