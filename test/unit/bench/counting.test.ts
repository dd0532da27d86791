import { afterAll, expect, test } from 'vitest'
import { Child } from '../../bench/child.js'
import { COUNTED } from '../../bench/counting/counted.js'
import type { Walker, WalkName } from './walks.js'

const walker = new Child<Walker>('../unit/bench/walks.ts', [], ['--import', 'tsx', ...COUNTED])
afterAll(() => walker.end())

/** What ten times as much costs over what it cost, also once it has run often. */
async function growth(name: WalkName) {
  const few = await walker.call('walk', name, 20)
  const many = await walker.call('walk', name, 200)
  return { blocks: many.blocks / few.blocks, elements: many.elements / few.elements }
}

test.each(['a loop', 'a filter'] as const)('%s over all there is shows in blocks and in elements', async (name) => {
  const { blocks, elements } = await growth(name)
  expect(blocks).toBeGreaterThan(3)
  expect(elements).toBeGreaterThan(3)
})

test.each(['a spread', 'a copy', 'a native', 'a sort'] as const)(
  '%s of all there is shows in elements',
  async (name) => {
    expect((await growth(name)).elements).toBeGreaterThan(3)
  },
)

test('a look-up costs what it cost', async () => {
  expect(await walker.call('walk', 'a look-up', 200)).toEqual(await walker.call('walk', 'a look-up', 20))
})
