import { describe, expect, test } from 'vitest'
import { type Entry, TypeView } from '../../../src/sync/type-view.js'

/** As the view has it: over it the older half of the log goes. */
const LOG_MAX = 10_000

function entry(name: string, version = 'v1', fromZone?: string): Entry {
  return { name, version, bytes: new Uint8Array(0), fromZone }
}

function told(view: TypeView, revision: number, zone?: string) {
  const { entries, removed } = view.since(revision, zone)
  return { entries: entries.map(({ name }) => name), removed }
}

describe('the log of a type', () => {
  test('tells each name once, in its newest state', () => {
    const view = new TypeView()
    view.put(entry('a'), 1)
    view.put(entry('b'), 2)
    view.put(entry('a', 'v2'), 3)
    view.delete('b', 4)
    expect(told(view, 0)).toEqual({ entries: ['a'], removed: ['b'] })
    expect(told(view, 3)).toEqual({ entries: [], removed: ['b'] })
    expect(view.head).toBe(4)
  })

  test('tells a name once that one commit changed twice', () => {
    const view = new TypeView()
    view.put(entry('a'), 1)
    view.delete('a', 2)
    view.put(entry('a', 'v2'), 2)
    view.delete('gone', 2)
    expect(told(view, 1)).toEqual({ entries: ['a'], removed: [] })
  })

  test('the same bytes again are no news, and nor is the end of what was never there', () => {
    const view = new TypeView()
    expect([view.put(entry('a'), 1), view.put(entry('a'), 2), view.delete('b', 3)]).toEqual([true, false, false])
    expect(view.head).toBe(1)
  })

  test('what came back after it went is told as there', () => {
    const view = new TypeView()
    view.put(entry('a'), 1)
    view.delete('a', 2)
    view.put(entry('a'), 3)
    expect(told(view, 1)).toEqual({ entries: ['a'], removed: [] })
  })

  test('reaches no further back than it is long, and forgets removed names with the records', () => {
    const view = new TypeView()
    view.put(entry('gone'), 1)
    view.delete('gone', 2)
    for (let i = 3; i <= LOG_MAX + 1; i += 1) view.put(entry('a', `v${i}`), i)
    const floor = (LOG_MAX + 1) >> 1
    expect([view.reaches(floor - 1), view.reaches(floor)]).toEqual([false, true])
    expect(() => view.since(floor - 1, undefined)).toThrow('begins after')
    expect(told(view, floor)).toEqual({ entries: ['a'], removed: [] })
  })

  test('begins at the first complete read', () => {
    const view = new TypeView()
    view.put(entry('a'), 0)
    view.startAt(41)
    expect([view.reaches(40), view.reaches(41), view.head]).toEqual([false, true, 41])
    expect(told(view, 41)).toEqual({ entries: [], removed: [] })
  })
})

describe('what a zone owns', () => {
  test('is left out for it, in everything, in increments, in removals and in differences', () => {
    const view = new TypeView()
    view.put(entry('mine', 'v1', 'zone-1'), 1)
    view.put(entry('yours', 'v1', 'zone-2'), 2)
    const names = (entries: readonly Entry[]) => entries.map(({ name }) => name)
    expect(names(view.everything('zone-1').entries)).toEqual(['yours'])
    expect(told(view, 0, 'zone-1')).toEqual({ entries: ['yours'], removed: [] })
    expect(names(view.against(new Map(), 'zone-1').entries)).toEqual(['yours'])
    view.delete('mine', 3)
    expect(told(view, 2, 'zone-1')).toEqual({ entries: [], removed: [] })
    expect(told(view, 2, 'zone-2')).toEqual({ entries: [], removed: ['mine'] })
  })

  test('that it holds a copy of all the same is taken from it', () => {
    const view = new TypeView()
    view.put(entry('mine', 'v1', 'zone-1'), 1)
    expect(view.against(new Map([['mine', 'v1']]), 'zone-1').removed).toEqual(['mine'])
  })

  test('makes a batch its own only when it is in it', () => {
    const view = new TypeView()
    view.put(entry('mine', 'v1', 'zone-1'), 1)
    view.put(entry('yours', 'v1', 'zone-2'), 2)
    const shared = (zone: string | undefined, from: number | 'everything') => view.isSharedWith(zone, from)
    expect([shared('zone-3', 'everything'), shared('zone-1', 'everything'), shared(undefined, 'everything')]).toEqual([
      true,
      false,
      true,
    ])
    expect([shared('zone-1', 1), shared('zone-2', 1), shared('zone-1', 0)]).toEqual([true, false, false])
  })
})
