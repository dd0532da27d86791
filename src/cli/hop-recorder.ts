import { type Clock, sleep } from '../base/clock.js'
import type { Hop } from '../base/hops.js'
import type { DiagnosticsClient } from '../lab/diagnostics-client.js'

export interface HopRecording {
  /** In order of time. */
  readonly hops: readonly Hop[]
  stop(): Promise<void>
}

/** What was seen by the time that everybody was in sync is on its way still; one trip over loopback is enough. */
const LINGER_MS = 50
/** One change of one resource makes a few hops for each of its receivers; more than this nobody could read. */
const HOPS_MAX = 100_000

/** Reads the hops of several processes from now on. A process that does not answer has none. */
export async function recordHops(clients: readonly DiagnosticsClient[], clock: Clock): Promise<HopRecording> {
  const hops: Hop[] = []
  const abort = new AbortController()
  const keep = (hop: Hop) => {
    if (hops.length < HOPS_MAX) hops.push(hop)
  }
  const opened = await Promise.allSettled(clients.map((client) => client.hops(keep, abort.signal)))
  return {
    hops,
    async stop() {
      await sleep(clock, LINGER_MS)
      abort.abort()
      await Promise.allSettled(opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.end] : [])))
      hops.sort((a, b) => a.at - b.at)
    },
  }
}
