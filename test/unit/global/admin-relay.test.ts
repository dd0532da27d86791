import { beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { AdminRelay } from '../../../src/global/admin-relay.js'
import { type Session, Sessions } from '../../../src/global/sessions.js'
import { DEFAULT_TENANT, parseTenantId } from '../../../src/model/tenant.js'
import type { AdminRequest, AdminResponse } from '../../../src/wire/admin-codec.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { MemoryLink } from '../../support/memory-duplex.js'

const OTHER = parseTenantId('11111111-2222-3333-4444-555555555555')
const REQUEST = { resourceType: 'Dataplane', resourceName: 'dp-1', resourceMesh: 'default' } as AdminRequest
const ANSWER = Buffer.from('stats')

let clock: FakeClock
let sessions: Sessions
let relay: AdminRelay

beforeEach(() => {
  clock = new FakeClock()
  sessions = new Sessions()
  relay = new AdminRelay({ clock, random: seededRandom(1), sessions })
})

function zone(name = 'zone-1', tenant = DEFAULT_TENANT) {
  const same = <T>(message: T): T => message
  const link = new MemoryLink<AdminRequest, AdminResponse, AdminResponse, AdminRequest>({
    toRight: same,
    toLeft: same,
    auto: true,
  })
  const session: Session = {
    tenant,
    zone: name,
    credential: { kind: 'none' },
    rpc: 'StreamStats',
    end: (reason) => link.left.end(reason),
    abort: (reason) => link.left.abort(reason),
  }
  relay.serve(session, link.left)
  sessions.open(session)
  const asked: AdminRequest[] = []
  const ended: string[] = []
  link.right.open({
    onMessage: (request) => asked.push(request),
    onWritable: () => {},
    onEnd: ({ kind }) => ended.push(kind),
  })
  const answer = (request: AdminRequest | undefined, error?: string) =>
    link.right.send({ requestId: request?.requestId ?? 'unknown', error, body: ANSWER })
  return { link, asked, ended, answer }
}

const ask = async () => relay.ask(DEFAULT_TENANT, 'zone-1', 'StreamStats', REQUEST)

describe('asking a zone', () => {
  test('gives its answer, and arms nothing after', async () => {
    const { asked, answer } = zone()
    const asking = ask()
    await settled()
    answer(asked[0])
    expect(await asking).toEqual(ANSWER)
    expect(clock.armed).toBe(0)
  })

  test('gives its error as one', async () => {
    const { asked, answer } = zone()
    const asking = ask()
    await settled()
    answer(asked[0], 'no such sidecar')
    await expect(asking).rejects.toMatchObject({ code: 'unavailable', message: 'no such sidecar' })
  })

  test('asks several at once, and each gets its own', async () => {
    const { asked, answer, link } = zone()
    const both = [ask(), ask()]
    await settled()
    answer(asked[1], 'second')
    link.flush()
    answer(asked[0], 'first')
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message)).toEqual([
      'first',
      'second',
    ])
  })

  test('gives up after its time, and takes a late, a doubled or an unknown answer without a word', async () => {
    const { asked, answer, ended, link } = zone()
    const asking = ask()
    const refused = expect(asking).rejects.toMatchObject({ code: 'timed-out' })
    await clock.stepAsync(12_000)
    await refused
    for (const request of [asked[0], asked[0], undefined]) {
      answer(request)
      link.flush()
      await settled()
    }
    expect(ended).toEqual([])
  })

  test('does not send what could not be sent in time', async () => {
    const { link, asked } = zone()
    link.left.stalled = true
    const first = expect(ask()).rejects.toMatchObject({ code: 'timed-out' })
    const second = expect(ask()).rejects.toMatchObject({ code: 'timed-out' })
    await clock.stepAsync(12_000)
    await Promise.all([first, second])
    link.left.stalled = false
    link.flush()
    await settled()
    expect(asked.length).toBeLessThanOrEqual(1)
  })

  test.each([
    ['without a stream', async () => {}],
    ['of another tenant', async () => void zone('zone-1', OTHER)],
    [
      'whose stream ended',
      async () => {
        zone().link.cut()
        await settled()
      },
    ],
  ])('%s says that it is offline', async (_what, before) => {
    await before()
    await expect(ask()).rejects.toMatchObject({ code: 'zone-offline' })
  })

  test('that goes away while it is asked is offline at once', async () => {
    const { link } = zone()
    const asking = ask()
    await settled()
    link.cut()
    await expect(asking).rejects.toMatchObject({ code: 'zone-offline' })
    expect(clock.armed).toBe(0)
  })

  test('asks the newest of its streams', async () => {
    const older = zone()
    const newer = zone()
    await settled()
    expect(older.ended).toHaveLength(1)
    const asking = ask()
    await settled()
    newer.answer(newer.asked[0])
    expect(await asking).toEqual(ANSWER)
  })
})
