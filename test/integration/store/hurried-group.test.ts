import { expect, test } from 'vitest'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { SHARED_WRITES_MAX, type WriteRequest } from '../../../src/store/sql/requests.js'
import { SqlEngine } from '../../../src/store/sql/sql-engine.js'
import { MEMORY_PATH, openDatabase } from '../../../src/store/sql/sqlite.js'
import { openWorkerRunner } from '../../../src/store/sql/worker-runner.js'
import { draft, put } from '../../support/resource-builder.js'

function commits(count: number): WriteRequest[] {
  return Array.from({ length: count }, (_, index): WriteRequest => {
    const writes = [put(draft('Mesh', `m${index}`))]
    return { kind: 'commit', tenant: DEFAULT_TENANT, freshEpoch: 'e', nowMs: 0, uids: [`u${index}`], writes }
  })
}

test('a hurried transaction ends after the writes of a shared one; nothing is there of what it did not begin', () => {
  const engine = new SqlEngine(openDatabase(MEMORY_PATH, 'FULL'))
  const replies = engine.write(commits(3 * SHARED_WRITES_MAX), () => true)
  expect(replies.map(({ kind }) => kind)).toEqual(Array(SHARED_WRITES_MAX).fill('ok'))
  const list = { kind: 'list', tenant: DEFAULT_TENANT, freshEpoch: 'e', types: ['Mesh'], filter: {} } as const
  expect(engine.read(list)).toMatchObject({ kind: 'ok', value: { head: { revision: SHARED_WRITES_MAX } } })
})

test('the thread of the store hears in the middle of a transaction that it is hurried, and of the next that it is not', async () => {
  const runner = await openWorkerRunner(MEMORY_PATH, 'FULL')
  const group = commits(5_000)
  const writing = runner.write(group)
  runner.hurry?.()
  const { length } = await writing
  expect(length).toBeGreaterThanOrEqual(SHARED_WRITES_MAX)
  expect(length).toBeLessThan(group.length)
  expect(await runner.write(group)).toHaveLength(group.length)
  await runner.close()
})
