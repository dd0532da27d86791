import { vi } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/pg-store.js'
import { storeContract } from '../../contract/store-contract.js'
import { describePostgres } from '../../support/postgres.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describePostgres('PostgreSQL', (subject) => {
  storeContract('the Postgres store', async (ports) => {
    const { appUrl } = await subject.database()
    return openPostgresStore({ ...ports, url: appUrl })
  })
})
