import { describe } from 'vitest'

/** Programs that the repository does not hold, each found by the environment variable of its name. */
export type Peer = 'KUMA_CP' | 'KUMACTL' | 'ENVOY' | 'KUMA_DP'

/** Where the program is. Only inside `describeWith` of the same peer. */
export function pathOf(peer: Peer): string {
  const path = process.env[peer]
  if (!path) throw new Error(`${peer} is not set`)
  return path
}

/**
 * A group of tests that need real peers. Where one is absent the group is listed with its tests and with what is
 * missing, and does not run: it proves nothing, and fails nothing.
 */
export function describeWith(peers: readonly Peer[], title: string, body: () => void): void {
  const absent = peers.filter((peer) => !process.env[peer])
  if (absent.length === 0) {
    describe(title, body)
    return
  }
  process.stdout.write(`not run: "${title}", absent: ${absent.join(', ')} (docs/interop.md)\n`)
  describe.skip(`${title} [not run, absent: ${absent.join(', ')}]`, body)
}
