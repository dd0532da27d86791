import { openPostgresStore } from '../../../src/store/postgres/pg-store.js'
import { storeContract } from '../../contract/store-contract.js'
import { describePostgres } from '../../support/postgres.js'

describePostgres('PostgreSQL', (subject) => {
  storeContract('the Postgres store', async (ports) => {
    const { appUrl } = await subject.database()
    return openPostgresStore({ ...ports, url: appUrl })
  })
})
