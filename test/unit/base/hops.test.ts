import { expect, test } from 'vitest'
import { type Hop, Hops } from '../../../src/base/hops.js'
import { FakeClock } from '../../support/fake-clock.js'

const HOP = { hop: 'accepted', tenant: 'default', peer: undefined, type: 'Mesh', name: 'm.', version: 'v1' } as const

test('hops are told to those who read, with their time, and to nobody else', () => {
  const clock = new FakeClock()
  const hops = new Hops(clock)
  const seen: Hop[] = []
  hops.emit(HOP)
  expect(hops.active).toBe(false)
  const stop = hops.read((hop) => seen.push(hop))
  clock.step(250)
  hops.emit(HOP)
  stop()
  hops.emit(HOP)
  expect([seen, hops.active]).toEqual([[{ ...HOP, at: 250 }], false])
})

test("a reader of one tenant hears of no other, and the other's need not be made", () => {
  const hops = new Hops(new FakeClock())
  const seen: string[] = []
  hops.read(({ tenant }) => seen.push(tenant), 'read')
  for (const tenant of ['read', 'not-read']) hops.emit({ ...HOP, tenant })
  expect([seen, hops.readsOf('read'), hops.readsOf('not-read')]).toEqual([['read'], true, false])
})
