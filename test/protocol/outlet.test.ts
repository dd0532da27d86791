import { expect, test } from 'vitest'
import { Outlet } from '../../src/protocol/outlet.js'
import { FakeClock } from '../support/fake-clock.js'

test('a late notice for an earlier message does not lift the deadline of the one in the transport', () => {
  const clock = new FakeClock()
  const aborts: string[] = []
  const transport = {
    writable: true,
    send() {
      this.writable = false
    },
    abort: ({ kind }: { kind: string }) => aborts.push(kind),
  }
  const outlet = new Outlet<string>(transport, clock, 1000)
  outlet.send('first')
  transport.writable = true
  outlet.send('second')
  outlet.written()
  clock.step(1000)
  expect(aborts).toEqual(['not-writable'])
  expect(clock.armed).toBe(0)
})
