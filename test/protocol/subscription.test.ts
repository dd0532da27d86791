import { describe, expect, test } from 'vitest'
import { PublisherTalk } from './publisher-talk.js'

/** The rules of the delta xDS protocol for names, one dialogue each (dataplane.md §3.1). */
const THINGS = { T: { a: '1', b: '1', c: '1' } }
const start = (...subscribe: string[]) => {
  const talk = new PublisherTalk().replace(THINGS).request('T', { subscribe })
  return { talk, first: talk.ack() }
}

describe('by name', () => {
  test('only what is named is sent, at first and later', () => {
    const { talk, first } = start('a')
    expect(first).toBe('T +a@1')
    expect(talk.replace({ T: { a: '1', b: '2' } }).said()).toEqual([])
    expect(talk.request('T', { subscribe: ['b'] }).ack()).toBe('T +b@2')
  })

  test('an unknown name is told as removed, and sent when it appears', () => {
    const { talk, first } = start('a', 'x')
    expect(first).toBe('T +a@1 -x')
    expect(talk.request('T', { subscribe: ['y'] }).ack()).toBe('T -y')
    expect(talk.replace({ T: { ...THINGS.T, x: '1', y: '1' } }).ack()).toBe('T +x@1 +y@1')
    expect(talk.replace(THINGS).ack()).toBe('T -x -y')
    expect(talk.replace({ T: { ...THINGS.T, d: '1' } }).said()).toEqual([])
  })

  test('a name that is subscribed again is sent again, for the peer may have lost it', () => {
    const { talk } = start('a', 'b')
    expect(talk.request('T', { subscribe: ['a'] }).ack()).toBe('T +a@1')
    expect(talk.said()).toEqual([])
  })

  test('a name given up is not spoken of again', () => {
    const { talk } = start('a', 'b')
    expect(talk.request('T', { unsubscribe: ['a', 'never'] }).said()).toEqual([])
    expect(talk.replace({ T: { b: '1' } }).said()).toEqual([])
    expect(talk.replace({ T: { a: '2', b: '2' } }).ack()).toBe('T +b@2')
    expect(talk.request('T', { subscribe: ['a'] }).ack()).toBe('T +a@2')
  })

  test('all given up does not bring the wildcard back', () => {
    const { talk } = start('a')
    talk.request('T', { unsubscribe: ['a'] })
    expect(talk.replace({ T: { a: '2', z: '1' } }).said()).toEqual([])
  })

  test('a resumed name is sent only if it differs, and told if it vanished', () => {
    const talk = new PublisherTalk().replace(THINGS)
    const initialVersions = new Map(Object.entries({ a: '1', b: 'old', gone: '1' }))
    talk.request('T', { subscribe: ['a', 'b', 'gone', 'x'], initialVersions })
    expect(talk.ack()).toBe('T +b@1 -gone -x')
  })
})

describe('the wildcard', () => {
  test('is meant by a first request that names nothing, and lasts when a name is added', () => {
    const { talk, first } = start()
    expect(first).toBe('T +a@1 +b@1 +c@1')
    expect(talk.request('T', { subscribe: ['a'] }).ack()).toBe('T +a@1')
    expect(talk.replace({ T: { ...THINGS.T, c: '2' } }).ack()).toBe('T +c@2')
  })

  test('beside names is everything; without it the names remain', () => {
    const { talk } = start('a')
    expect(talk.request('T', { subscribe: ['*'] }).responses()).toHaveLength(1)
    talk.request('T', { nonce: '3', unsubscribe: ['*'] })
    expect(talk.replace({ T: { a: '1', b: '2', c: '1' } }).said()).toEqual([])
  })

  test('added to names is answered even if there is nothing more to send', () => {
    const talk = new PublisherTalk().replace({ T: {} }).request('T', { subscribe: ['x'] })
    expect(talk.ack()).toBe('T -x')
    expect(talk.request('T', { subscribe: ['*'] }).responses()).not.toEqual([])
  })

  test('still covers a name that is given up: the peer is told what it is, or that it is not', () => {
    const { talk } = start('*', 'a', 'x')
    expect(talk.request('T', { unsubscribe: ['a'] }).ack()).toBe('T +a@1')
    expect(talk.request('T', { unsubscribe: ['x'] }).ack()).toBe('T -x')
  })

  test('given up with names left keeps the peer at those', () => {
    const { talk } = start('*', 'b')
    talk.request('T', { unsubscribe: ['*'] })
    expect(talk.replace({ T: { a: '2', b: '2' } }).ack()).toBe('T +b@2')
  })
})
