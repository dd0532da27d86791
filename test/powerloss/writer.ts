import { writeSync } from 'node:fs'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import { DEFAULT_TENANT } from '../../src/model/tenant.js'
import { openSqliteStore } from '../../src/store/sql/sql-store.js'
import { draft, put } from '../support/resource-builder.js'

/**
 * The process under test: `writer.ts FILE FULL|NORMAL COUNT`. Creates COUNT resources in the real store, one a commit,
 * alone and in bursts by turns, and says `ack NAME` on standard output as soon as a commit has resolved.
 */
const [path = '', synchronous = '', count = ''] = process.argv.slice(2)
const BURSTS = [1, 1, 3, 1, 8]
/** Some pages a commit, so that a short run has several checkpoints. */
const BODY = 'x'.repeat(12_000)

const store = await openSqliteStore({
  path,
  clock: systemClock,
  random: systemRandom,
  synchronous: synchronous === 'NORMAL' ? 'NORMAL' : 'FULL',
})
const tenant = store.tenant(DEFAULT_TENANT)
const run = `${process.pid}`
for (let next = 0, round = 0; next < Number(count); round += 1) {
  const size = Math.min(BURSTS[round % BURSTS.length] ?? 1, Number(count) - next)
  const burst = Array.from({ length: size }, async (_, index) => {
    const name = `${run}-${next + index}`
    await tenant.commit([put(draft('MeshTimeout', name, { spec: { body: BODY } }), 'absent')])
    writeSync(1, `ack ${name}\n`)
  })
  await Promise.all(burst)
  next += size
}
await store.close()
