import { describe, expect, test } from 'vitest'
import { PublisherTalk } from './publisher-talk.js'
import { encode } from './resources.js'

const ALL = { subscribe: ['*'] }
const EMPTY = { type: 'T', nonce: '1', bytes: encode('T', '1', [], []) }

describe('the first response of a type', () => {
  test('comes with everything that is there', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '1' } }).request('T', ALL)
    expect(talk.said()).toEqual(['T +a@1 +b@1'])
  })

  test('comes even if there is nothing, and for a type that nobody knows', () => {
    const talk = new PublisherTalk().replace({ T: {} }).request('T', ALL).request('Unheard', ALL)
    expect(talk.said()).toEqual(['T', 'Unheard'])
  })

  test('waits until the source is complete', () => {
    const talk = new PublisherTalk().request('T', ALL).request('Unheard', ALL)
    expect(talk.said()).toEqual([])
    expect(talk.replace({ T: { a: '1' } }).said()).toEqual(['T +a@1', 'Unheard'])
  })

  test('is an increment if the peer said what it holds, and names what vanished meanwhile', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '2', c: '1' } })
    talk.request('T', { ...ALL, initialVersions: new Map(Object.entries({ a: '1', b: '1', gone: '1' })) })
    expect(talk.said()).toEqual(['T +b@2 +c@1 -gone'])
  })

  test('is an empty increment if the peer holds everything', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } })
    talk.request('T', { ...ALL, initialVersions: new Map([['a', '1']]) })
    expect(talk.said()).toEqual(['T'])
  })
})

describe('what follows', () => {
  test('is what changed since the last answer, merged while a response is in flight', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } }).request('T', ALL)
    const first = talk.response()
    talk.replace({ T: { a: '2' } }).replace({ T: { a: '3', b: '1' } })
    expect(talk.said()).toEqual([])
    talk.request('T', { nonce: first.nonce })
    expect(talk.ack()).toBe('T +a@3 +b@1')
    expect(talk.replace({ T: { b: '1' } }).ack()).toBe('T -a')
    expect(talk.said()).toEqual([])
  })

  test('is nothing when nothing changed', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } }).request('T', ALL)
    talk.ack()
    expect(talk.replace({ T: { a: '1' } }).said()).toEqual([])
  })
})

describe('an answer', () => {
  test('makes known what was sent, and a NACK does too: the peer has kept the valid part', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '1' } }).request('T', ALL)
    talk.request('T', { nonce: talk.response().nonce, error: 'b is bad', subscribe: ['*'] })
    expect(talk.said()).toEqual([])
    expect(talk.replace({ T: { a: '2', b: '1' } }).said()).toEqual(['T +a@2'])
  })

  test('that names a refused resource is remembered until its version changes', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '1' } }).request('T', ALL)
    talk.request('T', { nonce: talk.response().nonce, error: 'resource "b": bad' })
    const refusals = () => talk.publisher.types.flatMap((type) => type.refusals)
    expect(refusals()).toEqual([{ name: 'b', version: '1', reason: 'resource "b": bad' }])
    talk.replace({ T: { a: '2', b: '1' } }).ack()
    expect(refusals()).toHaveLength(1)
    talk.replace({ T: { a: '2', b: '2' } })
    expect(refusals()).toEqual([])
  })

  test('that names nobody makes all of its batch suspect', () => {
    const talk = new PublisherTalk().replace({ T: { first: '1', second: '1' } }).request('T', ALL)
    talk.request('T', { nonce: talk.response().nonce, error: 'no' })
    expect(talk.publisher.types[0]?.refusals.map(({ name }) => name)).toEqual(['first', 'second'])
    talk.replace({ T: { first: '1' } })
    expect(talk.publisher.types[0]?.refusals.map(({ name }) => name)).toEqual(['first'])
  })

  test('to an older response is ignored and reported, but its names count', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '1' } }).request('T', { subscribe: ['a'] })
    const first = talk.response()
    talk.replace({ T: { a: '2', b: '1' } }).request('T', { nonce: 'old', subscribe: ['b'] })
    expect(talk.said()).toEqual([])
    expect(talk.reports).toEqual(['stale T old'])
    talk.request('T', { nonce: first.nonce })
    expect(talk.said()).toEqual(['T +a@2 +b@1'])
  })

  test('given twice counts once', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } }).request('T', ALL)
    const { nonce } = talk.response()
    talk.request('T', { nonce }).request('T', { nonce, error: 'no' })
    expect(talk.reports).toEqual([`answered T ${nonce} ok`, `stale T ${nonce}`])
    expect(talk.publisher.types[0]?.refusals).toEqual([])
  })

  test('that does not come is reported once, and the stream goes on', () => {
    const talk = new PublisherTalk({ answerOverdueMs: 1000 }).replace({ T: { a: '1' } }).request('T', ALL)
    talk.clock.step(5000)
    expect(talk.reports).toEqual(['overdue T 1000'])
    talk.replace({ T: { a: '2' } }).ack()
    expect(talk.said()).toEqual(['T +a@2'])
    expect(talk.ends).toEqual([])
  })
})

describe('everything again', () => {
  test('is sent to a peer that asks for it without a nonce, after the response in flight', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '1' } }).request('T', ALL)
    const first = talk.response()
    talk.request('T', ALL)
    expect(talk.said()).toEqual([])
    talk.request('T', { nonce: first.nonce })
    expect(talk.ack()).toBe('T +a@1 +b@1')
    expect(talk.said()).toEqual([])
  })

  test('comes after the removals that the peer lacks, for only its first response deletes', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '1' } }).request('T', ALL)
    const first = talk.response()
    talk
      .request('T', ALL)
      .replace({ T: { b: '1' } })
      .request('T', { nonce: first.nonce })
    expect([talk.ack(), talk.ack(), talk.said()]).toEqual(['T -a', 'T +b@1', []])
  })

  test('is not sent for an ACK or NACK that repeats the wildcard, as old and new Kuma peers do', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } }).request('T', ALL)
    talk.request('T', { nonce: talk.response().nonce, ...ALL })
    expect(talk.said()).toEqual([])
    talk.replace({ T: { a: '2' } })
    talk.request('T', { nonce: talk.response().nonce, error: 'bad', ...ALL })
    expect(talk.said()).toEqual([])
  })

  test('a name that is new in a NACK is answered, as Envoy says names in whatever message comes next', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1', b: '1' } }).request('T', { subscribe: ['a'] })
    talk.request('T', { nonce: talk.response().nonce, error: 'a is bad', subscribe: ['a', 'b'] })
    expect(talk.said()).toEqual(['T +b@1'])
  })

  test('goes round no faster than the peer answers, so that answers without a nonce are no hot loop', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } }).request('T', ALL)
    for (let count = 0; count < 5; count += 1) talk.request('T', ALL)
    expect(talk.said()).toEqual(['T +a@1'])
  })
})

describe('the transport', () => {
  test('holds one message of a stream at most', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' }, U: { a: '1' } })
    talk.link.left.stalled = true
    talk
      .request('T', ALL)
      .request('U', ALL)
      .replace({ T: { a: '2' }, U: { a: '2' } })
    expect(talk.said()).toEqual([])
    talk.link.left.stalled = false
    talk.link.flush()
    // T was taken before it changed; U, still to be sent, is the newest.
    expect(talk.said()).toEqual(['T +a@1', 'U +a@2'])
  })

  test('that takes nothing for a minute is given up', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } })
    talk.link.left.stalled = true
    talk.request('T', ALL).clock.step(60_000)
    talk.link.flush()
    expect(talk.ends).toEqual([{ kind: 'not-writable', detail: 'the peer took no message for 60000 ms' }])
    expect(talk.peerEnd?.kind).toBe('peer-lost')
    expect(talk.clock.armed).toBe(0)
  })

  test('keeps its deadline when the stream ends behind a message that nobody takes', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } })
    talk.link.left.stalled = true
    talk.request('T', ALL).publisher.end({ kind: 'shutting-down', detail: 'bye' })
    talk.link.flush()
    expect(talk.ends).toEqual([])
    talk.clock.step(60_000)
    talk.link.flush()
    expect(talk.ends).toEqual([{ kind: 'shutting-down', detail: 'bye' }])
  })
})

describe('the end', () => {
  test.each([
    ['an empty type', '', {}, 'a request has an empty type'],
    ['a type that is not served', 'Other', {}, 'type Other is not served on this stream'],
    ['too many names', 'T', { subscribe: Array.from({ length: 100_001 }, (_, i) => `${i}`) }, 'more than 100000 names'],
  ])('comes with %s', (_, type, words, detail) => {
    const talk = new PublisherTalk({ allows: (asked) => asked === 'T' }).replace({ T: { a: '1' } })
    talk.request(type, words)
    expect(talk.ends).toEqual([{ kind: 'protocol-error', detail: expect.stringContaining(detail) }])
    expect(talk.peerEnd).toMatchObject({ kind: 'peer-ended', status: 14 })
    expect(talk.said()).toEqual([])
  })

  test('comes with more types than any peer has', () => {
    const talk = new PublisherTalk().replace({})
    for (let count = 0; count < 1000; count += 1) talk.request(`T${count}`, ALL)
    expect(talk.ends).toEqual([])
    talk.request('one too many', ALL)
    expect(talk.ends).toEqual([{ kind: 'protocol-error', detail: 'more than 1000 types are subscribed' }])
  })

  test('is told once and leaves nothing behind, whoever ended the stream', () => {
    const talk = new PublisherTalk().replace({ T: { a: '1' } }).request('T', ALL)
    talk.link.cut('gone')
    talk.publisher.end({ kind: 'shutting-down', detail: 'late' })
    talk.link.flush()
    expect(talk.ends).toEqual([{ kind: 'peer-lost', detail: 'gone' }])
    expect(talk.clock.armed).toBe(0)
    talk.replace({ T: { a: '2' } })
    expect(talk.said()).toEqual(['T +a@1'])
  })

  test('lets go of the source', () => {
    let listeners = 0
    const onChange = () => {
      listeners += 1
      return () => {
        listeners -= 1
      }
    }
    const talk = new PublisherTalk({ source: { next: () => ({ kind: 'not-ready' }), onChange } })
    expect(listeners).toBe(1)
    talk.link.cut()
    talk.link.flush()
    expect(listeners).toBe(0)
  })

  test.each([
    ['a cursor is too old', { kind: 'start-over' } as const, 'fell-behind'],
    ['the source breaks its promise', { kind: 'nothing', cursor: {} } as const, 'internal'],
  ])('comes when %s, and touches this stream only', (_, next, kind) => {
    const talk = new PublisherTalk({ source: { next: () => next, onChange: () => () => {} } }).request('T', ALL)
    expect(talk.ends).toMatchObject([{ kind }])
  })
})

test('a response over the limit is withheld and named, and other types flow', () => {
  const reason = 'too big'
  const source = {
    next: (type: string) =>
      type === 'Big'
        ? ({ kind: 'withheld', reason } as const)
        : ({ kind: 'batch', batch: { cursor: {}, response: EMPTY, entries: [], removed: [] } } as const),
    onChange: () => () => {},
  }
  const talk = new PublisherTalk({ source }).request('Big', ALL).request('T', ALL)
  expect(talk.said()).toEqual(['T'])
  expect(talk.reports).toEqual(['withheld Big: too big'])
})
