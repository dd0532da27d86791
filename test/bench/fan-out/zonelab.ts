import { startGlobal } from '../kds/global-rig.js'
import { put } from '../workload.js'
import { changed } from './message.js'
import type { Sender } from './sender.js'

/** The whole of a global: a commit, the change feed, the view, a publisher for each stream, status and metrics. */
export async function zonelabSender(): Promise<Sender> {
  const rig = await startGlobal({ resources: 0, store: 'memory' })
  return {
    port: rig.port,
    // Whoever has the empty first response has answered it.
    get streams() {
      return rig.answers.count
    },
    get answers() {
      return rig.answers.count
    },
    set onAnswer(listener: () => void) {
      rig.answers.onAnswer = listener
    },
    async send(size, version) {
      await rig.store.commit([put(changed(size, version))])
    },
  }
}
