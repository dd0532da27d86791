import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import type { AppError } from '../../../src/base/errors.js'
import { systemRandom } from '../../../src/base/random.js'
import { canonicalJson } from '../../../src/model/json.js'
import { openRecords } from '../../../src/store/open-records.js'
import type { RecordDraft, RecordStore, RecordWrite } from '../../../src/store/records.js'
import { recordsContract } from '../../contract/records-contract.js'
import { describePostgres, type TestDatabase } from '../../support/postgres.js'
import { PostgresProxy } from '../../support/postgres-proxy.js'
import { eventually } from '../kds/control-planes.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const ports = { clock: systemClock, random: systemRandom }

describePostgres('records in PostgreSQL', (subject) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await subject.database()
  })
  recordsContract('the Postgres records', async () => {
    await subject.emptyRecords(database)
    return openRecords(database.appUrl, ports)
  })

  describe('on a bad day', () => {
    let proxy: PostgresProxy
    let store: RecordStore
    let fatal: AppError[]
    beforeEach(async () => {
      await subject.emptyRecords(database)
      fatal = []
      proxy = new PostgresProxy(database.appUrl)
      store = await openRecords(await proxy.listen(), { ...ports, onFatal: (error) => fatal.push(error) })
    })
    afterEach(async () => {
      proxy.refusing = false
      proxy.commit = 'passes'
      await store.close()
      await proxy.close()
    })

    const teams = async () => (await store.organization('acme').list('team')).map(({ name }) => name)
    const journal = async () => (await store.organization('acme').journal({ after: 0, limit: 1_000 })).length
    const commit = (...names: string[]) => store.organization('acme').commit(names.flatMap(teamAndEntry))
    const away = { code: 'unavailable', message: expect.stringMatching(/the database .* try again later/) }

    test('while the database is away everything says so, and goes on after it without a restart', async () => {
      await commit('before')
      proxy.refusing = true
      proxy.cut()
      await expect(teams()).rejects.toMatchObject(away)
      await expect(commit('meanwhile')).rejects.toMatchObject(away)
      await expect(store.findByDigest('abc')).rejects.toMatchObject(away)
      await eventually('it does not claim to hear of everything', async () => (store.isSoleWriter() ? undefined : true))
      proxy.refusing = false
      await commit('after')
      expect(await teams()).toEqual(['before', 'after'])
      expect(await journal()).toBe(2)
      await eventually('it is the one that writes', async () => (store.isSoleWriter() ? true : undefined))
      expect(fatal).toEqual([])
    })

    test('connections that died in the pool cost nobody an error', async () => {
      await Promise.all(Array.from({ length: 20 }, () => teams()))
      proxy.cut()
      await commit('a')
      proxy.cut()
      expect(await teams()).toEqual(['a'])
    })

    test('an answer to COMMIT that is lost is asked for: what was written is acknowledged, and told, once', async () => {
      const heard: string[] = []
      store.watch(({ changes }) => heard.push(...changes.map(({ after }) => after?.name ?? '')))
      await commit('first')
      proxy.commit = 'is lost on the way back'
      const committing = commit('second')
      await eventually('the connection is cut', async () => (proxy.lost > 0 ? true : undefined))
      proxy.commit = 'passes'
      await committing
      expect([await teams(), await journal(), heard]).toEqual([['first', 'second'], 2, ['first', 'second']])
    })

    test('a COMMIT that never arrived wrote nothing, and the writer hears that', async () => {
      await commit('first')
      proxy.commit = 'is lost on the way there'
      const committing = commit('second')
      committing.catch(() => {})
      await eventually('the connection is cut', async () => (proxy.lost > 0 ? true : undefined))
      proxy.commit = 'passes'
      await expect(committing).rejects.toMatchObject({ message: expect.stringContaining('before it wrote') })
      expect([await teams(), await journal()]).toEqual([['first'], 1])
      await commit('second')
      expect(await teams()).toEqual(['first', 'second'])
    })

    test('backends terminated under many writers: nothing acknowledged is lost, nothing is there twice', async () => {
      const acknowledged: string[] = []
      const writer = async (name: string) => {
        for (let step = 0; step < 6; step += 1) {
          await commit(`${name}-${step}`).then(
            () => acknowledged.push(`${name}-${step}`),
            (error: AppError) => expect(error.code).toBe('unavailable'),
          )
        }
      }
      const writing = Promise.all(Array.from({ length: 4 }, (_, index) => writer(`w${index}`)))
      for (let round = 0; round < 3; round += 1) {
        const others = `usename = '${database.appRole}' AND pid <> pg_backend_pid()`
        await subject.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`, database.superUrl)
      }
      await writing
      const there = await teams()
      expect(there).toEqual(expect.arrayContaining(acknowledged))
      // Names are unique; that an entry goes with each is what nothing but once shows.
      expect(await journal()).toBe(there.length)
      expect(acknowledged.length).toBeGreaterThan(0)
    })

    test('a second process is refused while the first one lives', async () => {
      const clock = { ...systemClock, monotonicMs: hurried() }
      await expect(openRecords(database.appUrl, { ...ports, clock })).rejects.toMatchObject({
        code: 'store-locked',
        message: expect.stringContaining('kept by another process: stop it first'),
      })
      await commit('still')
    })

    test('one that was thought dead writes no more once another has taken over', async () => {
      await commit('first')
      proxy.refusing = true
      proxy.cut()
      const second = await openRecords(database.appUrl, ports)
      await second.organization('acme').commit([{ kind: 'delete', record: { kind: 'team', id: 'first' } }])
      proxy.refusing = false
      await expect(commit('late')).rejects.toMatchObject({ code: 'superseded' })
      await eventually('it asks to be ended', async () => (fatal.length > 0 ? true : undefined))
      expect(fatal.map(({ code }) => code)).toEqual(['superseded'])
      await expect(teams()).rejects.toMatchObject({ code: 'superseded' })
      expect(await second.organization('acme').list('team')).toEqual([])
      await second.close()
    })
  })
})

function teamAndEntry(name: string): RecordWrite[] {
  const record: RecordDraft = {
    ...{ kind: 'team', id: name, parent: undefined, name, digest: undefined },
    body: canonicalJson({}),
  }
  return [
    { kind: 'create', record },
    { kind: 'append', entry: canonicalJson({ name }) },
  ]
}

/** A clock on which each look is seconds after the one before. */
function hurried(): () => number {
  let nowMs = 0
  return () => {
    nowMs += 5_000
    return nowMs
  }
}
