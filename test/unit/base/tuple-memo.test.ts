import { expect, test } from 'vitest'
import { TupleMemo } from '../../../src/base/tuple-memo.js'

const [a, b] = [{}, {}]

test('a value is made once for a tuple of the same objects in the same order', () => {
  const memo = new TupleMemo<number>()
  let made = 0
  const ask = (...tuple: readonly object[]) => memo.get(tuple, () => (made += 1))
  const first = [ask(), ask(a), ask(a, b), ask(b, a), ask({ ...a })]
  expect(first).toEqual([1, 2, 3, 4, 5])
  expect([ask(), ask(a), ask(a, b), ask(b, a)]).toEqual(first.slice(0, 4))
})

test('a value that is undefined is not made again', () => {
  const memo = new TupleMemo<undefined>()
  let made = 0
  const make = () => {
    made += 1
    return undefined
  }
  memo.get([a], make)
  memo.get([a], make)
  expect(made).toBe(1)
})
