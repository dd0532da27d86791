import { writeSync } from 'node:fs'
import { systemClock } from '../../../src/base/clock.js'
import { AppError } from '../../../src/base/errors.js'
import { systemRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { openSqliteStore } from '../../../src/store/sql/sql-store.js'
import { draft, put } from '../../support/resource-builder.js'

/**
 * The process under test: `writer/main.ts FILE FULL|NORMAL COUNT`. Creates COUNT resources in the real store, one a commit,
 * alone and in bursts by turns, and says on standard output `ack NAME` as soon as a commit has resolved, `CODE NAME` if
 * it was refused, and `fatal CODE` if the store has stopped.
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
  onFatal: ({ code }) => writeSync(1, `fatal ${code}\n`),
})
const tenant = store.tenant(DEFAULT_TENANT)
const run = `${process.pid}`
for (let next = 0, round = 0; next < Number(count); round += 1) {
  const size = Math.min(BURSTS[round % BURSTS.length] ?? 1, Number(count) - next)
  const burst = Array.from({ length: size }, async (_, index) => {
    const name = `${run}-${next + index}`
    const said = await tenant.commit([put(draft('MeshTimeout', name, { spec: { body: BODY } }), 'absent')]).then(
      () => 'ack',
      (error) => AppError.from(error).code,
    )
    writeSync(1, `${said} ${name}\n`)
  })
  await Promise.all(burst)
  next += size
}
await store.close()
