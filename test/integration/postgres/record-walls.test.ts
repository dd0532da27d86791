import pg from 'pg'
import { beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { canonicalJson } from '../../../src/model/json.js'
import { openRecords } from '../../../src/store/open-records.js'
import { describePostgres, type PostgresSubject, type TestDatabase } from '../../support/postgres.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const TABLES = ['record_head', 'record', 'credential', 'journal']
const [A, B] = ['acme', 'other'] as const

const open = (url: string) => openRecords(url, { clock: systemClock, random: systemRandom })

/** Two organisations with a user, his token and an entry of the journal each. */
async function filled(subject: PostgresSubject): Promise<TestDatabase> {
  const database = await subject.database()
  const store = await open(database.appUrl)
  for (const organization of [A, B]) {
    const rest = { name: organization, body: canonicalJson({}) }
    await store.organization(organization).commit([
      { kind: 'create', record: { kind: 'user', id: 'u1', parent: undefined, digest: undefined, ...rest } },
      { kind: 'create', record: { kind: 'token', id: 'k1', parent: 'u1', digest: `d-${organization}`, ...rest } },
      { kind: 'append', entry: canonicalJson({ of: organization }) },
    ])
  }
  await store.close()
  return database
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

type Setting = 'app.organisation_id' | 'app.credential_digest'

const set = (client: pg.Client, setting: Setting, value: string) =>
  client.query('SELECT set_config($1, $2, false)', [setting, value])
const ownersIn = async (client: pg.Client, table: string) =>
  (await client.query(`SELECT DISTINCT organisation_id AS o FROM zonelab.${table} ORDER BY 1`)).rows.map(({ o }) => o)

const NOT_ALLOWED = { code: '42501' }

describePostgres('row level security of organisations', (subject) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await filled(subject)
  })

  test('without an organisation no row is seen and none is written, by the owner either', async () => {
    for (const url of [database.appUrl, database.ownerUrl]) {
      await connected(url, async (client) => {
        for (const table of TABLES) expect([table, await ownersIn(client, table)]).toEqual([table, []])
        const insert = "INSERT INTO zonelab.journal VALUES ('acme', 9, '{}')"
        await expect(client.query(insert)).rejects.toMatchObject(NOT_ALLOWED)
      })
    }
  })

  test('as one organisation, the other is neither read, changed, moved to nor deleted', async () => {
    await connected(database.appUrl, async (client) => {
      await set(client, 'app.organisation_id', A)
      for (const table of TABLES) {
        expect([table, await ownersIn(client, table)]).toEqual([table, [A]])
        await expect(client.query(`TRUNCATE zonelab.${table} CASCADE`)).rejects.toMatchObject(NOT_ALLOWED)
      }
      for (const table of ['record_head', 'record']) {
        expect((await client.query(`DELETE FROM zonelab.${table} WHERE organisation_id = $1`, [B])).rowCount).toBe(0)
        const touch = `UPDATE zonelab.${table} SET organisation_id = organisation_id WHERE organisation_id = $1`
        expect((await client.query(touch, [B])).rowCount).toBe(0)
        const move = client.query(`UPDATE zonelab.${table} SET organisation_id = 'third'`)
        await expect(move).rejects.toMatchObject(NOT_ALLOWED)
      }
      for (const insert of [
        `INSERT INTO zonelab.record VALUES ('${B}', 'user', 'u2', '', 'x', NULL, 1, 9, '{}')`,
        `INSERT INTO zonelab.credential VALUES ('d-new', '${B}')`,
        `INSERT INTO zonelab.journal VALUES ('${B}', 9, '{}')`,
      ]) {
        await expect(client.query(insert)).rejects.toMatchObject(NOT_ALLOWED)
      }
    })
    const kept = await subject.run('SELECT organisation_id AS o FROM zonelab.record ORDER BY 1', database.superUrl)
    expect(kept.map(({ o }) => o)).toEqual([A, A, B, B])
  })

  test('whoever presents a secret is told whose it is, and of no other secret', async () => {
    await connected(database.appUrl, async (client) => {
      await set(client, 'app.credential_digest', `d-${B}`)
      expect((await client.query('SELECT * FROM zonelab.credential')).rows).toEqual([
        { digest: `d-${B}`, organisation_id: B },
      ])
      for (const table of TABLES.filter((name) => name !== 'credential')) {
        expect([table, await ownersIn(client, table)]).toEqual([table, []])
      }
      await expect(client.query('DELETE FROM zonelab.credential')).rejects.toMatchObject(NOT_ALLOWED)
      await expect(client.query("UPDATE zonelab.credential SET digest = 'x'")).rejects.toMatchObject(NOT_ALLOWED)
    })
  })

  test('not even the owner changes what the journal says', async () => {
    await connected(database.ownerUrl, async (client) => {
      await set(client, 'app.organisation_id', A)
      for (const change of [
        'DELETE FROM zonelab.journal',
        "UPDATE zonelab.journal SET entry = '{}'",
        'TRUNCATE zonelab.journal',
      ]) {
        await expect(client.query(change)).rejects.toThrow('the journal can only be appended to')
      }
    })
  })

  test('every key leads with the organisation, but for the digests of secrets', async () => {
    const keys = await subject.run(
      `SELECT conrelid::regclass::text AS on, pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE connamespace = 'zonelab'::regnamespace AND contype IN ('p', 'u', 'f')
        AND conrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'organisation_id')`,
      database.superUrl,
    )
    const others = keys.filter(
      ({ definition }) => !/^(PRIMARY KEY|UNIQUE|FOREIGN KEY) \(organisation_id/.test(definition),
    )
    expect(keys.length).toBeGreaterThan(TABLES.length)
    expect(others).toEqual([{ on: 'zonelab.credential', definition: 'PRIMARY KEY (digest)' }])
  })
})

describePostgres('records that would not be kept apart are refused', (subject) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await filled(subject)
  })
  const refusal = (text: string) =>
    expect.objectContaining({ code: 'guard-rail', message: expect.stringMatching(`${text}.*zonelab db migrate up`) })

  test('because of the role: a superuser, the owner of the tables', async () => {
    await expect(open(database.superUrl)).rejects.toEqual(refusal('is a superuser'))
    await expect(open(database.ownerUrl)).rejects.toEqual(refusal('owns the tables'))
  })

  test.each([
    ['DISABLE', 'ENABLE', 'not enabled'],
    ['NO FORCE', 'FORCE', 'not forced'],
  ])('because of a table: %s ROW LEVEL SECURITY', async (off, on, text) => {
    for (const table of TABLES) {
      await subject.run(`ALTER TABLE zonelab.${table} ${off} ROW LEVEL SECURITY`, database.superUrl)
      await expect(open(database.appUrl)).rejects.toEqual(refusal(`${text} on ${table}`))
      await subject.run(`ALTER TABLE zonelab.${table} ${on} ROW LEVEL SECURITY`, database.superUrl)
    }
  })

  test('because of a policy that widens the other', async () => {
    await subject.run('CREATE POLICY helpful ON zonelab.record FOR SELECT USING (true)', database.superUrl)
    await expect(open(database.appUrl)).rejects.toEqual(refusal('record has 2 policies'))
    await subject.run('DROP POLICY helpful ON zonelab.record', database.superUrl)
    await (await open(database.appUrl)).close()
  })
})
