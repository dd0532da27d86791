import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 50

/** Runs `probe` until it returns without throwing; at the deadline its last failure is the test's. */
export async function eventually<T>(within: number, probe: () => Promise<T> | T): Promise<T> {
  const deadline = performance.now() + within
  for (;;) {
    try {
      return await probe()
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown
      await pause(POLL_MS)
    }
  }
}

/** How long `probe` took to hold, in ms. */
export async function timed(within: number, probe: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now()
  await eventually(within, probe)
  return performance.now() - start
}

/** `probe` holds now and at every look until `forMs` have passed: for what must not happen. */
export async function steadily(forMs: number, probe: () => Promise<unknown> | unknown): Promise<void> {
  const deadline = performance.now() + forMs
  while (performance.now() < deadline) {
    await probe()
    await pause(POLL_MS * 4)
  }
}
