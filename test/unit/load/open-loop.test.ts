import { describe, expect, test } from 'vitest'
import { runOpenLoop, type WriteFate } from '../../../src/load/open-loop.js'
import type { PlannedWrite } from '../../../src/load/plan.js'
import { FakeClock, settled } from '../../support/fake-clock.js'

const write = (number: number, atMs: number, resource = number): PlannedWrite => ({ number, atMs, resource, bytes: 1 })

/** Runs the loop over a target whose answers the test gives. */
function loop(writes: readonly PlannedWrite[], inFlightMax = 100) {
  const clock = new FakeClock()
  const begun: number[] = []
  const answers = new Map<number, { resolve(): void; reject(error: Error): void }>()
  const fates: WriteFate[] = []
  const abort = new AbortController()
  const done = runOpenLoop({
    writes,
    startMs: 0,
    clock,
    perform: ({ number }) => {
      begun.push(number)
      return new Promise((resolve, reject) => answers.set(number, { resolve, reject }))
    },
    onFate: (fate) => fates.push(fate),
    inFlightMax,
    signal: abort.signal,
  })
  return { clock, begun, answers, fates, abort, done }
}

describe('the open loop', () => {
  test('begins a write when it is due, whether or not those before were answered', async () => {
    const { clock, begun } = loop([write(1, 0), write(2, 100), write(3, 200)])
    await clock.stepAsync(150)
    expect(begun).toEqual([1, 2])
    await clock.stepAsync(100)
    expect(begun).toEqual([1, 2, 3])
  })

  test('keeps the order of two writes of one resource', async () => {
    const { clock, begun, answers } = loop([write(1, 0, 7), write(2, 100, 7)])
    await clock.stepAsync(200)
    expect(begun).toEqual([1])
    answers.get(1)?.resolve()
    await settled()
    expect(begun).toEqual([1, 2])
  })

  test('drops a write, and says so, when too many are under way', async () => {
    const { clock, begun, fates } = loop([write(1, 0), write(2, 10), write(3, 20)], 2)
    await clock.stepAsync(50)
    expect(begun).toEqual([1, 2])
    expect(fates).toEqual([{ kind: 'dropped', number: 3 }])
  })

  test('tells when each was accepted, and why one was not', async () => {
    const { clock, answers, fates, done } = loop([write(1, 0), write(2, 0)])
    await clock.stepAsync(10)
    answers.get(1)?.resolve()
    answers.get(2)?.reject(new Error('the disk is full'))
    await done
    expect(fates).toEqual([
      { kind: 'accepted', number: 1, startedMs: 0, atMs: 10 },
      { kind: 'refused', number: 2, startedMs: 0, atMs: 10, why: 'the disk is full' },
    ])
  })

  test('meets a stall of 50 ms with the writes that fall into it, and each is as late as it is', async () => {
    const { clock, answers, fates, done } = loop([write(1, 0), write(2, 10), write(3, 20), write(4, 30), write(5, 40)])
    await clock.stepAsync(50)
    for (const answer of answers.values()) answer.resolve()
    await done
    const late = fates.map((fate) => (fate.kind === 'accepted' ? fate.atMs - (fate.number - 1) * 10 : 0))
    expect(late).toEqual([50, 40, 30, 20, 10])
  })

  test('begins nothing more once it is told to stop, and waits for no answer', async () => {
    const { clock, begun, abort, done } = loop([write(1, 0), write(2, 100)])
    await clock.stepAsync(10)
    abort.abort()
    await done
    expect(begun).toEqual([1])
  })
})
