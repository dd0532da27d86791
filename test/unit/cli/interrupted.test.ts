import { expect, test } from 'vitest'
import { unlessInterrupted } from '../../../src/cli/interrupted.js'

test('work that ends first is what it comes to, success or not', async () => {
  const { signal } = new AbortController()
  await expect(unlessInterrupted(Promise.resolve(7), signal)).resolves.toBe(7)
  await expect(unlessInterrupted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
})

test('an interruption ends the wait at once with its exit code, and a late failure of the work disturbs nobody', async () => {
  const abort = new AbortController()
  let fail = (_error: Error) => {}
  const work = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  const wait = unlessInterrupted(work, abort.signal)
  abort.abort(130)
  await expect(wait).rejects.toBe(130)
  fail(new Error('late'))
})
