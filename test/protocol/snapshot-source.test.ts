import { expect, test } from 'vitest'
import { SharedResponses } from '../../src/protocol/shared-responses.js'
import { SnapshotSource } from '../../src/protocol/snapshot-source.js'
import { EVERYTHING } from '../../src/protocol/subscription.js'
import { encode, snapshot } from './resources.js'

test('tells which types changed, once a switch, and says nothing if none did', () => {
  const source = new SnapshotSource({ responses: new SharedResponses(encode) })
  const told: (readonly string[])[] = []
  const unlisten = source.onChange((types) => told.push(types))
  source.replace(snapshot({ T: { a: '1' }, U: { a: '1' } }))
  source.replace(snapshot({ T: { a: '1' }, U: { a: '1' } }))
  source.replace(snapshot({ T: { a: '2' } }))
  unlisten()
  source.replace(snapshot({}))
  expect(told).toEqual([
    ['T', 'U'],
    ['T', 'U'],
  ])
})

test('withholds a response over the limit and says by how much', () => {
  const source = new SnapshotSource({ responses: new SharedResponses(encode), messageBytesMax: 20 })
  source.replace(snapshot({ T: { a: '1' } }))
  const next = source.next('T', EVERYTHING, { kind: 'nothing' }, 'now')
  expect(next).toEqual({
    kind: 'withheld',
    reason: expect.stringMatching(/^a response of \d+ bytes is over .* of 20$/),
  })
})

test('gives each response a fresh nonce', () => {
  const source = new SnapshotSource({ responses: new SharedResponses(encode) })
  source.replace(snapshot({ T: { a: '1' } }))
  const nonces = ['T', 'T', 'U'].map((type) => {
    const next = source.next(type, EVERYTHING, { kind: 'nothing' }, 'now')
    return next.kind === 'batch' && next.batch.response.nonce
  })
  expect(nonces).toEqual(['1', '2', '3'])
})

test('sends those who lack the same one message, and each of them a fresh nonce', () => {
  const responses = new SharedResponses(encode)
  const same = snapshot({ T: { a: '1', b: '1' }, U: { a: '1' } })
  const [first, second] = [new SnapshotSource({ responses }), new SnapshotSource({ responses })]
  const asked = (source: SnapshotSource, type: string) => {
    const next = source.next(type, EVERYTHING, { kind: 'nothing' }, 'now')
    return next.kind === 'batch' ? next.batch.response : undefined
  }
  for (const source of [first, second]) source.replace(same)
  const sent = ['T', 'U', 'T'].map((type) => asked(first, type))
  expect(asked(second, 'U')).toBe(sent[1])
  expect(asked(second, 'T')).toBe(sent[2])
  // The same again on one stream is another response: its nonce has to be a fresh one.
  expect(asked(second, 'T')?.nonce).toBe('4')
  expect(asked(first, 'T')?.nonce).toBe('4')
  first.replace(new Map([['T', new Map([...(same.get('T') ?? [])].slice(0, 1))]]))
  expect(asked(first, 'T')?.nonce).toBe('5')
})

test('does not read the cursor of another source', () => {
  const source = new SnapshotSource({ responses: new SharedResponses(encode) })
  source.replace(snapshot({ T: {} }))
  const foreign = () => source.next('T', EVERYTHING, { kind: 'cursor', cursor: {} }, 'now')
  expect(foreign).toThrow('a cursor comes back to the source that made it')
})
