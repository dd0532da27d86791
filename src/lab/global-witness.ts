import type { Clock } from '../base/clock.js'
import type { SyncWitness, SyncWitnesses } from './sync-wait.js'

type GlobalWitness = NonNullable<SyncWitnesses['global']>

/** A zone may move from one instance to the next while it is waited for, which each is asked anew to see. */
const SLICE_MS = 1_000

/** The instances of a global as one witness: each tells of the zones whose streams it has, and all of those that nobody has. */
export function globalWitness(instances: readonly GlobalWitness[], clock: Clock): GlobalWitness | undefined {
  const [first, ...others] = instances
  if (!first || others.length === 0) return first
  const all = <T>(ask: (instance: GlobalWitness) => Promise<T>) => Promise.all(instances.map(ask))
  const untilSynced: SyncWitness['untilSynced'] = async (timeoutMs) => {
    const deadlineMs = clock.monotonicMs() + timeoutMs
    for (;;) {
      const leftMs = Math.max(0, deadlineMs - clock.monotonicMs())
      const answers = await all((instance) => instance.untilSynced(Math.min(leftMs, SLICE_MS)))
      const laggards = answers.flatMap((answer) => answer.laggards)
      if (laggards.length === 0 || leftMs <= SLICE_MS) return { synced: laggards.length === 0, laggards }
    }
  }
  return {
    name: first.name,
    tenant: undefined,
    answers: async (timeoutMs) => (await all((instance) => instance.answers(timeoutMs))).every((answers) => answers),
    untilSynced,
    zonesSeen: async (timeoutMs) => {
      return new Set((await all((instance) => instance.zonesSeen(timeoutMs))).flatMap((seen) => [...seen]))
    },
  }
}
