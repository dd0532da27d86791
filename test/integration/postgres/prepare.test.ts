import { expect, test } from 'vitest'
import { ensureDatabase, isAppRole } from '../../../src/store/postgres/migrate.js'
import { describePostgres } from '../../support/postgres.js'

describePostgres('a database that a lab is given', (subject) => {
  test('is made where it is not there, if the role may make one', async () => {
    const { ownerUrl, appRole } = await subject.database({ migrated: false })
    const name = appRole.replace(/_app$/, '')
    const missing = ownerUrl.replace(new RegExp(`/${name}(?=[?]|$)`), `/${name}_eu_1`)
    await expect(ensureDatabase(missing)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(`${name}_eu_1, and it could not be made`),
    })
    await subject.run(`ALTER ROLE ${name}_owner CREATEDB`)
    await ensureDatabase(missing)
    await ensureDatabase(missing)
    expect(await isAppRole(missing)).toBe(false)
  })

  test('by a role that is not let in is refused, and not tried again later', async () => {
    const { superUrl } = await subject.database({ migrated: false })
    const stranger = superUrl.replace(/^postgres:\/\/[^@]*@/, 'postgres://nobody_of_ours@')
    await expect(ensureDatabase(stranger)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
