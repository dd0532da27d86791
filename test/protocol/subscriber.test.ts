import { describe, expect, test } from 'vitest'
import { settled } from '../support/fake-clock.js'
import { SubscriberTalk } from './subscriber-talk.js'

const ALL = { type: 'T', subscribe: ['*'] }
const refusal = (name: string, reason: string) => ({ name, version: '1', reason })

describe('asking', () => {
  test('each type once, in order, with the full node, and the short one in every later request', async () => {
    const talk = new SubscriberTalk([ALL, { type: 'U', subscribe: [] }])
    expect(talk.said()).toEqual(['T +* (full)', 'U (full)'])
    await talk.respond('T', '1').conclude()
    expect(talk.said()).toEqual(['T 1 (short)'])
  })

  test('sends the versions that are held with the first request only', async () => {
    const held = new Map([['a', '1']])
    const talk = new SubscriberTalk([{ ...ALL, initialVersions: held }])
    expect(talk.requests().map(({ initialVersions }) => initialVersions)).toEqual([held])
    await talk.respond('T', '1').conclude()
    expect(talk.requests().map(({ initialVersions }) => initialVersions.size)).toEqual([0])
  })

  test('waits with the second message until the transport has taken the first', () => {
    const talk = new SubscriberTalk([ALL])
    talk.requests()
    talk.link.left.stalled = true
    talk.setNames('U', ['a']).setNames('V', ['a'])
    expect(talk.said()).toEqual([])
    talk.link.left.stalled = false
    talk.link.flush()
    expect(talk.said()).toEqual(['U +a (full)', 'V +a (full)'])
  })
})

describe('the whole truth', () => {
  const wholeTruths = ({ batches }: SubscriberTalk) => batches.map(({ wholeTruth }) => wholeTruth)

  test('is the first response of a type, and no later one', async () => {
    const talk = new SubscriberTalk([ALL])
    await talk.respond('T', '1').conclude()
    await talk.respond('T', '2').conclude()
    expect(wholeTruths(talk)).toEqual([true, false])
  })

  test('is no response to a request with initial versions', async () => {
    const talk = new SubscriberTalk([{ ...ALL, initialVersions: new Map([['a', '1']]) }])
    await talk.respond('T', '1').conclude()
    expect(wholeTruths(talk)).toEqual([false])
  })
})

describe('answering', () => {
  test('acknowledges only when the batch is applied', async () => {
    const talk = new SubscriberTalk([ALL])
    talk.requests()
    talk.respond('T', '1')
    await settled()
    talk.link.flush()
    expect(talk.said()).toEqual([])
    await talk.conclude()
    expect(talk.said()).toEqual(['T 1 (short)'])
  })

  test('applies one batch of a stream at a time and holds the peer back meanwhile', async () => {
    const talk = new SubscriberTalk([ALL, { type: 'U', subscribe: ['*'] }])
    talk.respond('T', '1').respond('U', '2')
    expect(talk.batches.map(({ type }) => type)).toEqual(['T'])
    await talk.conclude()
    expect(talk.batches.map(({ type }) => type)).toEqual(['T', 'U'])
  })

  test('refuses with every reason on a line and goes on', async () => {
    const talk = new SubscriberTalk([ALL])
    talk.requests()
    talk.respond('T', '1')
    await talk.conclude({ kind: 'refused', refusals: [refusal('a', 'a is bad'), refusal('b', 'b too')] })
    expect(talk.said()).toEqual(['T 1 !a is bad\nb too (short)'])
    await talk.respond('T', '2').conclude()
    expect(talk.said()).toEqual(['T 2 (short)'])
    expect(talk.ends).toEqual([])
  })

  test("repeats the wildcard in a NACK when it is to look like Kuma's", async () => {
    const talk = new SubscriberTalk([ALL], { nackRepeatsWildcard: true })
    talk.requests()
    await talk.respond('T', '1').conclude({ kind: 'refused', refusals: [refusal('a', 'bad')] })
    expect(talk.said()).toEqual(['T 1 +* !bad (short)'])
    await talk.respond('T', '2').conclude()
    expect(talk.said()).toEqual(['T 2 (short)'])
  })

  test.each([
    ['says that it failed', async () => ({ kind: 'failed', detail: 'disk full' }) as const, 'disk full'],
    ['throws', () => Promise.reject(new Error('boom')), 'boom'],
  ])('ends the stream without an answer if the sink %s', async (_, apply, detail) => {
    const talk = new SubscriberTalk([ALL], { sink: { apply } })
    talk.requests()
    talk.respond('T', '1')
    await settled()
    talk.link.flush()
    expect(talk.said()).toEqual([])
    expect(talk.ends).toEqual([{ kind: 'apply-failed', detail }])
  })

  test('says nothing any more for a batch that outlives its stream', async () => {
    const talk = new SubscriberTalk([ALL])
    talk.requests()
    talk.respond('T', '1').link.cut()
    talk.link.flush()
    await talk.conclude()
    expect(talk.said()).toEqual([])
    expect(talk.ends).toEqual([{ kind: 'peer-lost', detail: 'connection reset' }])
  })
})

describe('names', () => {
  const named = () => new SubscriberTalk([{ type: 'T', subscribe: ['a', 'b'] }])

  test('are changed by what differs', () => {
    const talk = named()
    talk.requests()
    expect(talk.setNames('T', ['b', 'c']).said()).toEqual(['T +c -a (short)'])
    expect(talk.setNames('T', ['c', 'b']).said()).toEqual([])
  })

  test('ride with an ACK, but never with a NACK', async () => {
    const talk = named()
    talk.requests()
    talk.link.left.stalled = true
    await talk.respond('T', '1').conclude()
    talk.setNames('T', ['a', 'b', 'c'])
    await talk.respond('T', '2').conclude({ kind: 'refused', refusals: [refusal('a', 'bad')] })
    talk.setNames('T', ['a'])
    talk.link.left.stalled = false
    talk.link.flush()
    expect(talk.said()).toEqual(['T 1 (short)', 'T 2 !bad (short)', 'T -b (short)'])
    talk.link.left.stalled = true
    talk.setNames('U', ['x'])
    await talk.respond('T', '3').conclude()
    talk.setNames('T', ['a', 'd'])
    talk.link.left.stalled = false
    talk.link.flush()
    expect(talk.said()).toEqual(['U +x (full)', 'T 3 +d (short)'])
  })

  test('given up and wanted again before anyone was told are asked for anew, for they may be lost', () => {
    const talk = named()
    talk.requests()
    talk.link.left.stalled = true
    talk.setNames('U', ['x']).setNames('T', ['b']).setNames('T', ['a', 'b'])
    talk.link.left.stalled = false
    talk.link.flush()
    expect(talk.said()).toEqual(['U +x (full)', 'T +a (short)'])
    expect(talk.setNames('T', ['b', 'a']).said()).toEqual([])
  })

  test('all given up before they were asked for are not asked for: that would mean everything', () => {
    const talk = named()
    talk.link.left.stalled = true
    talk.setNames('T', ['b']).setNames('U', ['x']).setNames('U', [])
    talk.link.left.stalled = false
    talk.link.flush()
    expect(talk.said()).toEqual(['T +a +b (full)', 'T -a (short)'])
    expect(talk.setNames('U', ['y']).said()).toEqual(['U +y (full)'])
  })

  test('given up before they were asked for are no longer said to be held', () => {
    const initialVersions = new Map(Object.entries({ a: '1', b: '1' }))
    let speak = () => {}
    const inTurn = (send: () => void) => {
      speak = send
    }
    const talk = new SubscriberTalk(
      [ALL, { type: 'U', subscribe: ['a', 'b'], initialVersions }],
      { inTurn },
      ({ subscriber }) => {
        subscriber.setNames('U', ['b'])
        subscriber.setNames('U', ['a', 'b'])
        speak()
      },
    )
    expect(talk.requests().map((request) => [...request.initialVersions])).toEqual([[], [['b', '1']]])
  })

  test('of a type not asked for yet ask for it; none at all ask for nothing', () => {
    const talk = named()
    talk.requests()
    expect(talk.setNames('U', []).setNames('U', ['x']).said()).toEqual(['U +x (full)'])
  })
})

describe('the end', () => {
  test.each([
    ['of a type that was not asked for', 'U', '1', 'a response has type U, which was not asked for'],
    ['without a nonce', 'T', '', 'a response of type T has no nonce'],
  ])('comes with a response %s', (_, type, nonce, detail) => {
    const talk = new SubscriberTalk([ALL])
    talk.respond(type, nonce)
    expect(talk.ends).toEqual([{ kind: 'protocol-error', detail }])
    expect(talk.batches).toEqual([])
  })

  test('comes when the transport takes nothing for a minute', () => {
    const talk = new SubscriberTalk([ALL])
    talk.link.left.stalled = true
    talk.setNames('U', ['a'])
    talk.clock.step(59_999)
    talk.link.flush()
    expect(talk.ends).toEqual([])
    talk.clock.step(1)
    talk.link.flush()
    expect(talk.ends).toEqual([{ kind: 'not-writable', detail: 'the peer took no message for 60000 ms' }])
    expect(talk.clock.armed).toBe(0)
  })

  test('is told once, whoever ended the stream', () => {
    const talk = new SubscriberTalk([ALL])
    talk.subscriber.end({ kind: 'shutting-down', detail: 'bye' })
    talk.subscriber.abort({ kind: 'internal', detail: 'late' })
    talk.link.cut()
    talk.link.flush()
    expect(talk.ends).toEqual([{ kind: 'shutting-down', detail: 'bye' }])
  })
})
