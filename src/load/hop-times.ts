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

/** Splits what happens inside of the global, as its event stream tells it. */
export class HopTimes {
  readonly #histograms = {
    wait: LatencyHistogram.empty(),
    send: LatencyHistogram.empty(),
    answer: LatencyHistogram.empty(),
  }
  /** By `TYPE/NAME` of the copy: when the resource was last accepted, and the last content version that was sent. */
  readonly #accepted = new Map<string, number>()
  readonly #sent = new Map<string, { readonly version: string | undefined; readonly firstMs: number }>()
  /** By resource and zone: when it was sent and not answered yet. */
  readonly #unanswered = new Map<string, number>()
  readonly #names: ReadonlyMap<string, string>

  constructor(plan: LoadPlan) {
    this.#names = new Map(
      plan.resources.map(({ type, name }) => [
        `${type}/${wireName(plan.mesh, name)}`,
        `${type}/${wireName(plan.mesh, hashedName({ mesh: plan.mesh, name, labels: {} }))}`,
      ]),
    )
  }

  take({ hop, type, name, version, peer = '', at }: Hop): void {
    const key = `${type}/${name}`
    if (hop === 'accepted') {
      const copy = this.#names.get(key)
      if (copy !== undefined) this.#accepted.set(copy, at)
      return
    }
    if (hop === 'kds-sent') this.#sentTo(key, version, peer, at)
    if (hop === 'kds-acked' || hop === 'kds-nacked') {
      const sentMs = this.#unanswered.get(`${key}@${peer}`)
      if (sentMs === undefined) return
      this.#unanswered.delete(`${key}@${peer}`)
      this.#histograms.answer.record(at - sentMs)
    }
  }

  /** Every hop that was seen at all, by name. */
  get seen(): ReadonlyMap<string, LatencyHistogram> {
    return new Map(Object.entries(this.#histograms).filter(([, { count }]) => count > 0))
  }

  #sentTo(key: string, version: string | undefined, peer: string, at: number): void {
    const acceptedMs = this.#accepted.get(key)
    if (acceptedMs === undefined) return
    let sent = this.#sent.get(key)
    if (sent?.version !== version || sent === undefined) {
      sent = { version, firstMs: at }
      this.#sent.set(key, sent)
      if (at >= acceptedMs) this.#histograms.wait.record(at - acceptedMs)
    }
    this.#histograms.send.record(at - sent.firstMs)
    this.#unanswered.set(`${key}@${peer}`, at)
  }
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
