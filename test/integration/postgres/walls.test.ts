import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { seededRandom } from '../../../src/base/random.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import { migrateUp, migrationStatus } from '../../../src/store/postgres/migrate.js'
import { openPostgresStore } from '../../../src/store/postgres/pg-store.js'
import { MIGRATIONS } from '../../../src/store/postgres/schema.js'
import { describePostgres, type PostgresSubject, type TestDatabase } from '../../support/postgres.js'
import { draft, put } from '../../support/resource-builder.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const TABLES = ['tenant', 'resource', 'change_log']
const [A, B] = [parseTenantId('team-a'), parseTenantId('team-b')]

const open = (url: string) => openPostgresStore({ url, clock: systemClock, random: seededRandom(1) })

/** Two tenants with a mesh of the same name each. */
async function filled(subject: PostgresSubject): Promise<TestDatabase> {
  const database = await subject.database()
  const store = await open(database.appUrl)
  for (const tenant of [A, B])
    await store.tenant(tenant).commit([put(draft('Mesh', 'shop', { labels: { of: tenant } }))])
  await store.close()
  return database
}

async function asApp<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const setTenant = (client: pg.Client, tenant: string, local: boolean) =>
  client.query("SELECT set_config('app.tenant_id', $1, $2)", [tenant, local])
const countIn = async (client: pg.Client, table: string) =>
  Number((await client.query(`SELECT count(*) AS n FROM zonelab.${table}`)).rows[0]?.n)

describePostgres('row level security', (subject) => {
  test('without a tenant no row is seen and none is written, before and after one was set', async () => {
    const { appUrl } = await filled(subject)
    await asApp(appUrl, async (client) => {
      const nobody = async () => {
        for (const table of TABLES) expect([table, await countIn(client, table)]).toEqual([table, 0])
        const insert = "INSERT INTO zonelab.tenant VALUES ('team-a2', 'e', 0, 0, 0)"
        await expect(client.query(insert)).rejects.toMatchObject({ code: '42501' })
      }
      await nobody()
      await client.query('BEGIN')
      await setTenant(client, A, true)
      for (const table of TABLES) expect(await countIn(client, table)).toBe(1)
      await client.query('COMMIT')
      // The setting is '' now, not NULL.
      expect((await client.query("SELECT current_setting('app.tenant_id', true) AS t")).rows).toEqual([{ t: '' }])
      await nobody()
    })
  })

  test('a setting outside a transaction is gone at the next statement', async () => {
    const { appUrl } = await filled(subject)
    await asApp(appUrl, async (client) => {
      await setTenant(client, A, true)
      expect(await countIn(client, 'resource')).toBe(0)
    })
  })

  test('as one tenant, the other is neither read, changed, moved to nor deleted', async () => {
    const { appUrl, superUrl } = await filled(subject)
    await asApp(appUrl, async (client) => {
      await setTenant(client, A, false)
      for (const table of TABLES) {
        const { rows } = await client.query(`SELECT DISTINCT tenant_id FROM zonelab.${table}`)
        expect(rows).toEqual([{ tenant_id: A }])
        const other = [B]
        expect((await client.query(`DELETE FROM zonelab.${table} WHERE tenant_id = $1`, other)).rowCount).toBe(0)
        expect(
          (await client.query(`UPDATE zonelab.${table} SET tenant_id = tenant_id WHERE tenant_id = $1`, other))
            .rowCount,
        ).toBe(0)
        const move = client.query(`UPDATE zonelab.${table} SET tenant_id = 'team-c' WHERE tenant_id = '${A}'`)
        await expect(move).rejects.toMatchObject({ code: '42501' })
        await expect(client.query(`TRUNCATE zonelab.${table}`)).rejects.toMatchObject({ code: '42501' })
      }
      const insert = `INSERT INTO zonelab.change_log VALUES ('${B}', 9, 'Mesh', '', 'x')`
      await expect(client.query(insert)).rejects.toMatchObject({ code: '42501' })
    })
    const kept = await subject.run('SELECT tenant_id, revision FROM zonelab.tenant ORDER BY 1', superUrl)
    expect(kept).toEqual([A, B].map((tenant_id) => ({ tenant_id, revision: '1' })))
  })

  test('no unique or foreign key tells of another tenant: every one leads with the tenant', async () => {
    const { superUrl } = await subject.database()
    const keys = await subject.run(
      `SELECT conrelid::regclass::text AS on, contype AS kind, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE connamespace = 'zonelab'::regnamespace AND contype IN ('p', 'u', 'f')
        AND conrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'tenant_id')`,
      superUrl,
    )
    expect(keys.length).toBeGreaterThanOrEqual(TABLES.length)
    for (const { definition } of keys) expect(definition).toMatch(/^(PRIMARY KEY|UNIQUE|FOREIGN KEY) \(tenant_id/)
    const unsafe = await subject.run(
      `SELECT relname FROM pg_class WHERE relnamespace = 'zonelab'::regnamespace AND relkind IN ('v', 'm', 'S')
        UNION SELECT proname FROM pg_proc WHERE pronamespace = 'zonelab'::regnamespace AND prosecdef`,
      superUrl,
    )
    expect(unsafe, 'views, sequences and functions that run as their owner').toEqual([])
  })

  test('the owner is bound as well: row level security is forced', async () => {
    const { ownerUrl } = await filled(subject)
    await asApp(ownerUrl, async (client) => {
      for (const table of TABLES) expect(await countIn(client, table)).toBe(0)
    })
  })
})

describePostgres('a database that would not keep tenants apart is refused', (subject) => {
  const refusal = (text: string) =>
    expect.objectContaining({ code: 'guard-rail', message: expect.stringMatching(`${text}.*zonelab db migrate up`) })

  test('because of the role: a superuser, BYPASSRLS, the owner of the tables', async () => {
    const { superUrl, ownerUrl, appUrl, appRole } = await filled(subject)
    await expect(open(superUrl)).rejects.toEqual(refusal('is a superuser'))
    await expect(open(ownerUrl)).rejects.toEqual(refusal('owns the tables'))
    await subject.run(`ALTER ROLE ${appRole} BYPASSRLS`)
    await expect(open(appUrl)).rejects.toEqual(refusal('has BYPASSRLS'))
    await subject.run(`ALTER ROLE ${appRole} NOBYPASSRLS`)
    await subject.run(`GRANT ${ownerUrl.match(/\/\/([^:]+)/)?.[1]} TO ${appRole}`)
    await expect(open(appUrl)).rejects.toEqual(refusal('may act as their owner'))
  })

  test.each([
    ['DISABLE ROW LEVEL SECURITY', 'not enabled on resource'],
    ['NO FORCE ROW LEVEL SECURITY', 'not forced on resource'],
  ])('because of a table: %s', async (change, text) => {
    const { appUrl, superUrl } = await subject.database()
    await subject.run(`ALTER TABLE zonelab.resource ${change}`, superUrl)
    await expect(open(appUrl)).rejects.toEqual(refusal(text))
  })

  test('because of a policy: one that widens the other, or none', async () => {
    const { appUrl, superUrl } = await subject.database()
    await subject.run('CREATE POLICY helpful ON zonelab.tenant FOR SELECT USING (true)', superUrl)
    await expect(open(appUrl)).rejects.toEqual(refusal('tenant has 2 policies'))
    await subject.run('DROP POLICY helpful ON zonelab.tenant; DROP POLICY own_rows ON zonelab.tenant', superUrl)
    await expect(open(appUrl)).rejects.toEqual(refusal('tenant has 0 policies'))
  })
})

describePostgres('migrations', (subject) => {
  test('several at once: one migrates, the others find it done', async () => {
    const { ownerUrl, appRole, appUrl } = await subject.database({ migrated: false })
    expect(await migrationStatus(ownerUrl)).toMatchObject({ version: 0, newest: MIGRATIONS.length })
    await expect(open(appUrl)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('db migrate up'),
    })
    const all = await Promise.all(Array.from({ length: 4 }, () => migrateUp(ownerUrl, appRole)))
    for (const { version } of all) expect(version).toBe(MIGRATIONS.length)
    await (await open(appUrl)).close()
  })

  test('a schema of a newer zonelab is refused by migration and start', async () => {
    const { ownerUrl, appRole, appUrl } = await subject.database()
    await subject.run('INSERT INTO zonelab.migration VALUES (999, now())', ownerUrl)
    await expect(migrateUp(ownerUrl, appRole)).rejects.toMatchObject({ code: 'store-newer' })
    await expect(open(appUrl)).rejects.toMatchObject({
      code: 'store-newer',
      message: expect.stringContaining('schema 999'),
    })
  })

  test('a schema that is behind is refused at start, with what to do', async () => {
    const { ownerUrl, appUrl } = await subject.database()
    await subject.run('DELETE FROM zonelab.migration', ownerUrl)
    await expect(open(appUrl)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('db migrate up'),
    })
  })
})
