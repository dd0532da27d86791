import { expect, test } from 'vitest'
import { PublisherTalk } from './publisher-talk.js'

const ALL = { subscribe: ['*'] }

/** A publisher whose turn comes when the test says so. */
function subject() {
  const asked: (() => void)[] = []
  const talk = new PublisherTalk({ inTurn: (send) => asked.push(send) })
  const takeTurn = () => {
    asked.shift()?.()
    talk.link.flush()
  }
  return { asked, talk, takeTurn }
}

test('nothing is sent before its turn, and then all that has changed until then, once', () => {
  const { talk, takeTurn } = subject()
  talk.replace({ T: { a: '1' } }).request('T', ALL)
  expect(talk.said()).toEqual([])
  talk.replace({ T: { a: '2', b: '1' } })
  takeTurn()
  expect(talk.ack()).toBe('T +a@2 +b@1')
})

test('every asking is for the same turn, and a stream that has nothing to send asks for none', () => {
  const { asked, talk, takeTurn } = subject()
  talk.replace({ T: { a: '1' } })
  expect(asked).toEqual([])
  talk.request('T', ALL).replace({ T: { a: '2' } })
  expect(new Set(asked).size).toBe(1)
  takeTurn()
  asked.length = 0
  talk.ack()
  expect(asked).toEqual([])
})

test('a turn that comes after the end of the stream does nothing', () => {
  const { talk, takeTurn } = subject()
  talk.replace({ T: { a: '1' } }).request('T', ALL)
  talk.publisher.end({ kind: 'shutting-down', detail: 'late' })
  takeTurn()
  expect(talk.said()).toEqual([])
})

test('a mistake in a turn ends that stream only', () => {
  const asked: (() => void)[] = []
  const source = { next: () => ({ kind: 'nothing', cursor: {} }) as const, onChange: () => () => {} }
  const talk = new PublisherTalk({ source, inTurn: (send) => asked.push(send) }).request('T', ALL)
  asked[0]?.()
  talk.link.flush()
  expect(talk.ends).toMatchObject([{ kind: 'internal' }])
})
