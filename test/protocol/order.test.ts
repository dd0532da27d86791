import { describe, expect, test } from 'vitest'
import { independent, makeBeforeBreak } from '../../src/protocol/order.js'
import { PublisherTalk } from './publisher-talk.js'
import { snapshot } from './resources.js'

const ALL = { subscribe: ['*'] }
const order = makeBeforeBreak({ clusters: 'C', endpoints: 'E', listeners: 'L', routes: 'R' })

/** What the network does until nothing is left to do, as `left take`; `left` is the publisher. */
function moved({ link }: PublisherTalk): string[] {
  const names: string[] = []
  for (let [move] = link.moves(); move; [move] = link.moves()) {
    names.push(move.name)
    move.run()
  }
  return names
}

describe('types that do not depend on one another', () => {
  test('are served in rank, each once a round, so that none starves', () => {
    const talk = new PublisherTalk({ order: independent(['Mesh', 'Policy']) })
    talk.link.left.stalled = true
    for (const type of ['Stranger', 'Policy', 'Mesh']) talk.request(type, ALL)
    talk.link.left.stalled = false
    talk.replace({ Mesh: { m: '1' } })
    expect(talk.said()).toEqual(['Mesh +m@1', 'Policy', 'Stranger'])
  })

  test('share the transport when the first of them changes all the time', () => {
    const talk = new PublisherTalk({ order: independent(['Mesh', 'Policy']) }).replace({})
    for (const type of ['Mesh', 'Policy', 'Filler']) talk.request(type, ALL).ack()
    const { nonce } = talk.replace({ Mesh: { m: '1' } }).response()
    talk.link.left.stalled = true
    talk.replace({ Mesh: { m: '1' }, Filler: { f: '1' } })
    // Behind the message in the transport both have something to send; Mesh has had its turn of this round.
    talk.replace({ Mesh: { m: '2' }, Policy: { p: '1' }, Filler: { f: '1' } }).request('Mesh', { nonce })
    talk.link.left.stalled = false
    talk.link.flush()
    expect(talk.said()).toEqual(['Filler +f@1', 'Policy +p@1', 'Mesh +m@2'])
  })
})

describe('make before break', () => {
  const settledTalk = (types: Parameters<PublisherTalk['replace']>[0]) => {
    const talk = new PublisherTalk({ order }).replace(types)
    talk.request('C', { subscribe: [] }).ack()
    talk.request('L', { subscribe: [] }).ack()
    talk.request('E', { subscribe: Object.keys(types.E ?? {}) }).ack()
    return talk
  }

  test('sends listeners when the clusters are answered for, though both were asked for at once', () => {
    const talk = new PublisherTalk({ order })
      .request('L', ALL)
      .request('C', ALL)
      .replace({ C: { c: '1' }, L: { l: '1' } })
    expect(talk.ack()).toBe('C +c@1')
    expect(talk.ack()).toBe('L +l@1')
  })

  test('does not wait for a type that the peer does not ask for', () => {
    const talk = new PublisherTalk({ order }).replace({ C: { c: '1' }, E: { c: '1' }, L: { l: '1' } })
    expect(talk.request('L', ALL).ack()).toBe('L +l@1')
    expect(talk.request('E', { subscribe: ['c'] }).ack()).toBe('E +c@1')
  })

  test('removes a cluster after the listeners that may refer to it are answered for', () => {
    const talk = settledTalk({ C: { old: '1' }, E: { old: '1' }, L: { l: '1' } })
    talk.replace({ C: { new: '1' }, E: { new: '1' }, L: { l: '2' } })
    expect([talk.ack(), talk.ack(), talk.ack()]).toEqual(['C +new@1', 'L +l@2', 'C -old'])
    // The endpoints of the removed cluster go last, unless the peer gives up their name before.
    expect(talk.said()).toEqual(['E -old'])
  })

  test('keeps a cluster while a refused listener may still run in its old form', () => {
    const talk = settledTalk({ C: { old: '1' }, E: {}, L: { l: '1' } })
    talk.replace({ C: {}, E: {}, L: { l: '2' } })
    const { type, nonce } = talk.response()
    expect(talk.request(type, { nonce, error: 'l is bad' }).said()).toEqual([])
    talk.replace({ C: {}, E: {}, L: { l: '3' } })
    expect([talk.ack(), talk.ack()]).toEqual(['L +l@3', 'C -old'])
  })

  test("sends a changed cluster's endpoints again, for Envoy warms it without asking", () => {
    const talk = settledTalk({ C: { c: '1', d: '1' }, E: { c: '1', d: '1' }, L: {} })
    talk.replace({ C: { c: '2', d: '1' }, E: { c: '1', d: '1' }, L: {} })
    const [clusters, endpoints, ...rest] = talk.responses()
    expect([clusters?.resources[0]?.payload, endpoints?.resources[0]?.payload, rest]).toEqual(['c@2', 'c@1', []])
  })

  test('lets them go with the clusters in one write, unless their last are not answered for', () => {
    const talk = settledTalk({ C: { c: '1' }, E: { c: '1' }, L: {} })
    talk.source.replace(snapshot({ C: { c: '2' }, E: { c: '1' }, L: {} }))
    expect(moved(talk).slice(0, 3)).toEqual(['left take', 'left take', 'left writable'])
    const [clusters, endpoints] = talk.responses()
    expect([clusters?.type, endpoints?.type]).toEqual(['C', 'E'])
    talk.request('C', { nonce: clusters?.nonce ?? '' })
    talk.source.replace(snapshot({ C: { c: '3' }, E: { c: '1' }, L: {} }))
    expect(moved(talk).slice(0, 2)).toEqual(['left take', 'left writable'])
    expect(talk.said()).toEqual(['C +c@3'])
    expect(talk.request('E', { nonce: endpoints?.nonce ?? '' }).said()).toEqual(['E +c@1'])
  })

  test('sends them also to a peer that resumes, holds them, and asks for them after the clusters went out', () => {
    const talk = new PublisherTalk({ order }).replace({ C: { c: '2', d: '1' }, E: { c: '1', d: '1' } })
    talk.request('C', { subscribe: [], initialVersions: new Map(Object.entries({ c: '1', d: '1' })) })
    expect(talk.ack()).toBe('C +c@2')
    talk.request('E', { subscribe: ['c', 'd'], initialVersions: new Map(Object.entries({ c: '1', d: '1' })) })
    expect(talk.ack()).toBe('E +c@1')
    expect(talk.said()).toEqual([])
  })
})
