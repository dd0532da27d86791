import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Clock, systemClock } from '../../../src/base/clock.js'
import { exitCodeOf } from '../../../src/conformance/verdict.js'
import { type Call, FakeGlobal, type Reply, strictEnough } from './fake-global.js'

/** What may happen to a target while it is judged. However it goes, the run ends, and says that it cannot say. */

vi.setConfig({ testTimeout: 120_000 })

const MANY = ['ZT-03', 'ZT-04', 'ZT-09', 'ZT-10']

async function fake(reply: (call: Call, global: FakeGlobal) => Reply): Promise<FakeGlobal> {
  const global = await FakeGlobal.start(reply)
  onTestFinished(() => global.stop())
  return global
}

/** Deadlines that are generous to a machine that is full, until the target has begun to let them pass. */
function hurriedClock(): { readonly clock: Clock; hurry: boolean } {
  const hurried = {
    hurry: false,
    clock: {
      nowMs: () => systemClock.nowMs(),
      monotonicMs: () => systemClock.monotonicMs(),
      after: (delayMs: number, callback: () => void) =>
        systemClock.after(hurried.hurry ? Math.min(delayMs, HURRIED_MS) : delayMs, callback),
    },
  }
  return hurried
}
const HURRIED_MS = 200

/** After the calls of the preflight and those of some cases. */
const CALLS_BEFORE = 60

describe('a run', () => {
  test('a target that dies in mid-run ends it: what was not judged is inconclusive, and the exit code 11', async () => {
    let calls = 0
    const dying = await fake((call, global) => {
      calls += 1
      if (calls === CALLS_BEFORE) void global.stop()
      return strictEnough(call)
    })
    const { result, seen } = await dying.run(MANY)
    expect(result.verdict).toEqual({ kind: 'inconclusive', why: 'the target does not answer any more' })
    expect(exitCodeOf(result.verdict, result.cases)).toBe(11)
    const selected = result.cases.filter(({ outcome }) => outcome.kind !== 'not-run')
    expect(seen.length).toBeLessThan(selected.length)
    expect(selected.filter(({ outcome }) => outcome.kind === 'failed')).toEqual([])
  })

  test('a target that falls silent in mid-run keeps calls to their deadline, and ends the run', async () => {
    let calls = 0
    const hurried = hurriedClock()
    const silent = await fake((call) => {
      calls += 1
      hurried.hurry = calls > CALLS_BEFORE
      return hurried.hurry ? { kind: 'hang' } : strictEnough(call)
    })
    const { result } = await silent.run(MANY, { clock: hurried.clock })
    expect(result.verdict).toEqual({ kind: 'inconclusive', why: 'the target does not answer any more' })
    expect(exitCodeOf(result.verdict, result.cases)).toBe(11)
  })

  test('a call that is answered with headers and no more ends by its own deadline', async () => {
    const algNone = /^eyJhbGciOiJub25l/
    const hurried = hurriedClock()
    const begun = await fake((call) => {
      hurried.hurry = call.path.endsWith('HealthCheck') && algNone.test(call.token ?? '')
      return hurried.hurry ? { kind: 'begin' } : strictEnough(call)
    })
    const { caseOf } = await begun.run(['ZT-030'], { clock: hurried.clock })
    const health = caseOf('ZT-030')?.attempts.find(({ rpc }) => rpc === 'HealthCheck')
    expect(health?.call?.answer).toBe('TIMEOUT')
    expect(health?.verdict).toBe('failed')
  })

  test('a run that is interrupted takes no case that was cut short for a pass', async () => {
    const interrupted = new AbortController()
    let calls = 0
    const global = await fake((call) => {
      calls += 1
      if (calls === CALLS_BEFORE) interrupted.abort(130)
      return strictEnough(call)
    })
    const { result } = await global.run(MANY, { signal: interrupted.signal })
    expect(result.verdict).toEqual({ kind: 'inconclusive', why: 'it was interrupted' })
    for (const { outcome, attempts } of result.cases) {
      if (outcome.kind === 'passed') expect(attempts.length % 6).toBe(0)
    }
  })
})
