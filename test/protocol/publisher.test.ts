import { describe, expect, test } from 'vitest'
import { PublisherTalk } from './publisher-talk.js'

const ALL = { subscribe: ['*'] }

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
