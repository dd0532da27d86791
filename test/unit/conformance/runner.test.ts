import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { exitCodeOf } from '../../../src/conformance/verdict.js'
import { type Call, FakeGlobal, type Reply, strictEnough } from './fake-global.js'

/** Calls over real sockets, some of which wait for silence: on a full machine that takes its time. */
vi.setConfig({ testTimeout: 120_000 })

async function fake(reply: (call: Call, global: FakeGlobal) => Reply): Promise<FakeGlobal> {
  const global = await FakeGlobal.start(reply)
  onTestFinished(() => global.stop())
  return global
}

const algOf = ({ token = '' }: Call) => {
  try {
    const [header = ''] = token.split('.')
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: string }).alg
  } catch {
    return undefined
  }
}
const U = { kind: 'refuse', status: 16 } as const

describe('a run', () => {
  test('passes a case that is refused on every RPC, beside a control that was taken', async () => {
    const { caseOf } = await (await fake(strictEnough)).run(['ZT-030'])
    const found = caseOf('ZT-030')
    expect(found?.outcome).toEqual({ kind: 'passed' })
    expect(found?.attempts.map(({ control }) => control?.answer)).toEqual(Array(6).fill('OK'))
  })

  test('fails a case that one RPC alone forgets, and names it', async () => {
    const forgetful = (call: Call): Reply =>
      call.path.endsWith('StreamStats') && algOf(call) === 'none' ? { kind: 'serve' } : strictEnough(call)
    const { caseOf, result } = await (await fake(forgetful)).run(['ZT-030'])
    expect(caseOf('ZT-030')?.outcome).toMatchObject({ kind: 'failed', why: expect.stringContaining('StreamStats') })
    expect(result.verdict).toEqual({ kind: 'not conformant', failed: ['ZT-030'] })
    expect(exitCodeOf(result.verdict, result.cases)).toBe(10)
  })

  test('takes the page of an HTTP server for no service', async () => {
    const walled = (call: Call): Reply => (algOf(call) === 'none' ? { kind: 'page', status: 431 } : strictEnough(call))
    const { caseOf } = await (await fake(walled)).run(['ZT-030'])
    expect(caseOf('ZT-030')?.outcome).toMatchObject({ kind: 'failed', why: expect.stringContaining('got CONNECTION') })
  })

  test('passes no refusal whose control is refused too', async () => {
    const picky = (call: Call): Reply =>
      call.path.endsWith('StreamClusters') ? { kind: 'refuse', status: 16, text: 'not today' } : strictEnough(call)
    const { caseOf, result } = await (await fake(picky)).run(['ZT-030'])
    expect(caseOf('ZT-030')?.outcome).toMatchObject({
      kind: 'inconclusive',
      why: expect.stringMatching(/StreamClusters.*control was refused too.*not today/),
    })
    expect(result.verdict.kind).toBe('inconclusive')
  })

  test('can say nothing of a target that refuses everything', async () => {
    const { result } = await (await fake(() => U)).run(['ZT-030', 'ZT-033'])
    const outcomes = result.cases
      .filter(({ id }) => id === 'ZT-030' || id === 'ZT-033')
      .map(({ outcome }) => outcome.kind)
    expect(outcomes).toEqual(['inconclusive', 'inconclusive'])
    expect(result.verdict).toMatchObject({ kind: 'inconclusive', why: expect.stringContaining('--signing-key') })
    expect(exitCodeOf(result.verdict, result.cases)).toBe(11)
  })

  test('finds no authentication in a target that serves anyone', async () => {
    const { result } = await (await fake(() => ({ kind: 'serve' }))).run(['ZT-030'])
    expect(result.verdict).toEqual({ kind: 'no authentication' })
    expect(exitCodeOf(result.verdict, result.cases)).toBe(10)
  })

  test('fails a refusal that disturbs the session of the zone', async () => {
    const clumsy = (call: Call, global: FakeGlobal): Reply => {
      const reply = strictEnough(call)
      if (reply.kind === 'refuse' && algOf(call) === 'none') global.endAll()
      return reply
    }
    const { caseOf } = await (await fake(clumsy)).run(['ZT-030'])
    expect(caseOf('ZT-030')?.outcome).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('an open session of the zone is undisturbed'),
    })
  })

  test('fails a refusal that repeats the credential, and does not repeat it itself', async () => {
    const chatty = (call: Call): Reply => {
      const reply = strictEnough(call)
      return reply.kind === 'refuse' && call.token ? { ...U, text: `bad token ${call.token}` } : reply
    }
    const { caseOf } = await (await fake(chatty)).run(['ZT-032'])
    const found = caseOf('ZT-032')
    expect(found?.outcome).toMatchObject({ kind: 'failed', why: expect.stringContaining('repeats no credential') })
    expect(found?.attempts[0]?.call?.text).toBe('bad token [credential]')
  })

  test('ends a call that hangs by its own deadline, and the run with it', async () => {
    const hung = (call: Call): Reply =>
      call.path.endsWith('HealthCheck') && algOf(call) === 'none' ? { kind: 'hang' } : strictEnough(call)
    const { caseOf } = await (await fake(hung)).run(['ZT-030'], { callTimeoutMs: 3_000 })
    const health = caseOf('ZT-030')?.attempts.find(({ rpc }) => rpc === 'HealthCheck')
    expect(health?.call?.answer).toBe('TIMEOUT')
    expect(health?.verdict).toBe('failed')
  })

  test('an expected failure is marked, and so is a pass that was not expected', async () => {
    const lenient = (call: Call): Reply => (algOf(call) === 'none' ? { kind: 'serve' } : strictEnough(call))
    const global = await fake(lenient)
    const { caseOf } = await global.run(['ZT-030', 'ZT-097'], { expectedFailures: ['ZT-030', 'ZT-097'] })
    expect(caseOf('ZT-030')?.expectation).toBe('expected-failure')
    expect(caseOf('ZT-097')?.expectation).toBe('unexpected-pass')
  })

  test('says what it could not remove', async () => {
    const { result } = await (await fake(strictEnough)).run(['ZT-030'])
    expect(result.leftBehind).toEqual([expect.stringMatching(/^Zones zl-conf-[0-9a-f]{8}-z… \(without --api/)])
  })

  test('what it has no means for is not run, and says what it needs', async () => {
    const { caseOf } = await (await fake(strictEnough)).run(['ZT-002', 'ZT-132'])
    expect(caseOf('ZT-002')?.outcome).toEqual({ kind: 'not-run', reason: 'needs operator' })
    expect(caseOf('ZT-132')?.outcome).toEqual({ kind: 'not-run', reason: 'needs api' })
  })
})
