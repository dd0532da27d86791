import { describe, expect, test } from 'vitest'
import { independent } from '../../src/protocol/order.js'
import { PublisherTalk } from './publisher-talk.js'
import { SubscriberTalk } from './subscriber-talk.js'

/** Peers that are not ours, played from what Kuma's sources do (kds.md §2). */
describe('a Kuma zone on our publisher', () => {
  const TYPES = ['Mesh', 'MeshTimeout', 'Secret']
  const node = { id: 'zone-1' }
  /** Asks for each type in an order of its own, with the wildcard, no versions and a node in every message. */
  const connect = (talk: PublisherTalk) => {
    for (const type of ['Secret', 'MeshTimeout', 'Mesh']) talk.request(type, { subscribe: ['*'], node })
  }
  const contents = { Mesh: { 'default.': '1' }, MeshTimeout: { 'a.default': '1', 'b.default': '1' }, Secret: {} }
  const nonceOf = (responses: ReturnType<PublisherTalk['responses']>, of: string) =>
    responses.find(({ type }) => type === of)?.nonce ?? ''

  test('gets each type once, the empty ones too, and Mesh first when there is a choice', () => {
    const talk = new PublisherTalk({ order: independent(TYPES) })
    connect(talk)
    talk.replace(contents)
    expect(talk.said()).toEqual(['Mesh +default.@1', 'MeshTimeout +a.default@1 +b.default@1', 'Secret'])
  })

  test('answers without names, and refuses with the wildcard and an error without code', () => {
    const talk = new PublisherTalk().replace(contents)
    connect(talk)
    const responses = talk.responses()
    talk.request('Mesh', { nonce: nonceOf(responses, 'Mesh'), node })
    const error = "user error: spec.targetRef.kind: value 'MeshService' is not supported"
    talk.request('MeshTimeout', { nonce: nonceOf(responses, 'MeshTimeout'), subscribe: ['*'], error, node })
    expect(talk.said()).toEqual([])
    const refused = talk.publisher.types.find(({ type }) => type === 'MeshTimeout')?.refusals
    expect(refused?.map(({ name }) => name)).toEqual(['a.default', 'b.default'])
    talk.replace({ ...contents, MeshTimeout: { 'a.default': '1', 'b.default': '2' } })
    expect(talk.said()).toEqual(['MeshTimeout +b.default@2'])
  })

  test('never freezes a type by leaving another without an answer', () => {
    const talk = new PublisherTalk().replace(contents)
    connect(talk)
    const responses = talk.responses()
    talk.request('Mesh', { nonce: nonceOf(responses, 'Mesh'), node })
    talk.replace({ ...contents, Mesh: { 'default.': '2' }, Secret: { 's.default': '1' } })
    expect(talk.said()).toEqual(['Mesh +default.@2'])
  })

  test('comes back without versions and gets everything again on its new stream', () => {
    const first = new PublisherTalk().replace(contents)
    connect(first)
    const again = new PublisherTalk({ source: first.source })
    connect(again)
    expect(again.said()).toHaveLength(TYPES.length)
    expect(first.responses().map(({ nonce }) => nonce)).toEqual(['1', '2', '3'])
  })
})

describe('a Kuma control plane that publishes to us', () => {
  const ask = { type: 'Dataplane', subscribe: ['*'] }

  test('may push again before our answer: each is applied in turn and answered by its own nonce', async () => {
    const talk = new SubscriberTalk([ask], { nackRepeatsWildcard: true })
    talk.requests()
    talk.respond('Dataplane', '1').respond('Dataplane', '2')
    await talk.conclude()
    await talk.conclude()
    expect(talk.batches.map(({ wholeTruth }) => wholeTruth)).toEqual([true, false])
    expect(talk.said()).toEqual(['Dataplane 1 (short)', 'Dataplane 2 (short)'])
  })

  test('may say nothing at all while its store is empty: we wait and ask no more', () => {
    const talk = new SubscriberTalk([ask])
    talk.requests()
    talk.clock.step(3_600_000)
    talk.link.flush()
    expect([talk.said(), talk.ends]).toEqual([[], []])
  })
})
