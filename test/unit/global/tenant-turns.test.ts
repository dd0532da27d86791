import { expect, test } from 'vitest'
import { TenantTurns } from '../../../src/global/tenant-turns.js'
import type { TenantId } from '../../../src/model/tenant.js'
import { FakeClock } from '../../support/fake-clock.js'

const [NOISY, QUIET] = ['noisy' as TenantId, 'quiet' as TenantId]

/** Every piece of work takes so long; a slice has time for two. */
const WORK_MS = 0.6

function subject(workMs = WORK_MS) {
  const clock = new FakeClock()
  const sockets: (() => void)[] = []
  const turns = new TenantTurns({ clock, afterSockets: (callback) => sockets.push(callback) })
  const done: string[] = []
  const work = (name: string) => () => {
    clock.step(workMs)
    done.push(name)
  }
  /** The sockets have their turn; returns what is done then. */
  const readSockets = () => {
    done.length = 0
    for (const callback of sockets.splice(0)) callback()
    return [...done]
  }
  return { turns, done, work, readSockets, sockets }
}

test('the first change is sent at once', () => {
  const { turns, done, work } = subject()
  turns.ask(QUIET, work('a'))
  expect(done).toEqual(['a'])
})

test('what there is no time for waits until the sockets have been read', () => {
  const { turns, done, work, readSockets } = subject()
  for (const name of ['a', 'b', 'c', 'd', 'e']) turns.ask(NOISY, work(name))
  expect(done).toEqual(['a', 'b'])
  expect(readSockets()).toEqual(['c', 'd'])
  expect(readSockets()).toEqual(['e'])
})

test('tenants take turns, however much one of them has to send', () => {
  const { turns, work, readSockets } = subject()
  for (let index = 0; index < 100; index += 1) turns.ask(NOISY, work('noisy'))
  for (const name of ['q1', 'q2', 'q3']) turns.ask(QUIET, work(name))
  expect(readSockets()).toEqual(['noisy', 'noisy'])
  expect(readSockets()).toEqual(['q1', 'q2'])
  expect(readSockets()).toEqual(['noisy', 'noisy'])
  expect(readSockets()).toEqual(['q3', 'noisy'])
})

test('a tenant whose turn comes as the time is over keeps it', () => {
  const { turns, work, readSockets } = subject(2)
  const names = ['a', 'b', 'c']
  const ask = (name: string) => turns.ask(name as TenantId, work(name))
  for (const name of ['first', ...names]) ask(name)
  const order = Array.from({ length: 6 }, () => {
    const done = readSockets()
    done.forEach(ask)
    return done
  })
  expect(order.flat()).toEqual([...names, ...names])
})

test('who asks again before its turn has one turn', () => {
  const { turns, work, readSockets } = subject()
  for (const name of ['a', 'b']) turns.ask(NOISY, work(name))
  const asked = work('asked')
  for (let index = 0; index < 3; index += 1) turns.ask(NOISY, asked)
  expect(readSockets()).toEqual(['asked'])
  expect(readSockets()).toEqual([])
})

test('what is asked for in a turn comes after those who wait', () => {
  const { turns, done, work, readSockets } = subject()
  for (const name of ['a', 'b']) turns.ask(NOISY, work(name))
  turns.ask(NOISY, () => {
    turns.ask(QUIET, () => done.push('asked in a turn'))
    done.push('turn')
  })
  turns.ask(NOISY, () => done.push('waited'))
  expect(readSockets()).toEqual(['turn', 'waited', 'asked in a turn'])
})

test('nothing is called when nothing was asked for', () => {
  const { turns, work, readSockets, sockets } = subject()
  turns.ask(QUIET, work('a'))
  readSockets()
  expect(sockets).toEqual([])
})
