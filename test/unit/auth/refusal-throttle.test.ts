import { beforeEach, expect, test } from 'vitest'
import { RefusalThrottle } from '../../../src/auth/refusal-throttle.js'
import { AppError } from '../../../src/base/errors.js'
import { FakeClock, settled } from '../../support/fake-clock.js'

/** auth.md row 158: 1000 bad attempts a second from one peer. */

let clock: FakeClock
let throttle: RefusalThrottle

beforeEach(() => {
  clock = new FakeClock()
  throttle = new RefusalThrottle({ clock, perSecond: 10 })
})

const bad = async () => {
  throw new AppError('unauthenticated', 'no')
}

/** What happened to so many refusals from one address so far. */
function attempts(count: number, address = 'bad'): { readonly told: string[] } {
  const told: string[] = []
  for (let made = 0; made < count; made += 1) {
    throttle.around(address, bad).catch((thrown: unknown) => told.push(AppError.from(thrown).code))
  }
  return { told }
}

test('row 158: the first refusals are told at once, then ten a second, and what is beyond is turned away', async () => {
  const { told } = attempts(100)
  await settled()
  const atOnce = told.filter((code) => code === 'unauthenticated').length
  expect([atOnce, told.filter((code) => code === 'overloaded').length]).toEqual([20, 60])
  await clock.stepAsync(1_000)
  expect(told.filter((code) => code === 'unauthenticated')).toHaveLength(30)
  await clock.stepAsync(1_000)
  expect(told.filter((code) => code === 'unauthenticated')).toHaveLength(40)
  expect(clock.armed).toBe(0)
})

test('row 158: after a quiet time the allowance is whole again', async () => {
  attempts(20)
  await settled()
  clock.step(2_000)
  const { told } = attempts(20)
  await settled()
  expect(told).toHaveLength(20)
})

test('row 158: nobody at another address waits', async () => {
  attempts(100)
  await settled()
  const { told } = attempts(1, 'other')
  await settled()
  expect(told).toEqual(['unauthenticated'])
})

test('row 158: the genuine zone behind the same address is let in at once', async () => {
  attempts(100)
  await settled()
  await expect(throttle.around('bad', async () => 'zone-1')).resolves.toBe('zone-1')
})

test('row 158: while too many wait, only a few calls of the address are read at a time', async () => {
  attempts(100)
  await settled()
  let read = 0
  const slow = () => {
    read += 1
    return new Promise<never>(() => {})
  }
  const turnedAway: string[] = []
  for (let made = 0; made < 50; made += 1) {
    throttle.around('bad', slow).catch((thrown: unknown) => turnedAway.push(AppError.from(thrown).code))
  }
  await settled()
  expect([read, turnedAway.length]).toEqual([8, 42])
})
