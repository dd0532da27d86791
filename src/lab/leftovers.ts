import { type Clock, sleep } from '../base/clock.js'
import type { LabState } from './lab-state.js'
import { isAlive, type ProcessId, signalProcess } from './process-id.js'

/** Children notice their supervisor's end at once and need at most this to end in order. */
const END_WITHIN_MS = 11_000
const LOOK_EVERY_MS = 50

/** Processes of a lab whose supervisor is gone. They end by themselves, unless they were paused. */
export function leftoversOf(state: LabState): readonly ProcessId[] {
  if (state.supervisor && isAlive(state.supervisor)) return []
  return state.children.filter(isAlive)
}

/** Wakes what is paused, asks all to end, and makes sure of it. Returns how many there were. */
export async function endLeftovers(state: LabState, clock: Clock): Promise<number> {
  const left = leftoversOf(state)
  for (const id of left) {
    signalProcess(id, 'SIGCONT')
    signalProcess(id, 'SIGTERM')
  }
  const deadlineMs = clock.monotonicMs() + END_WITHIN_MS
  while (left.some(isAlive) && clock.monotonicMs() < deadlineMs) await sleep(clock, LOOK_EVERY_MS)
  for (const id of left) signalProcess(id, 'SIGKILL')
  return left.length
}
