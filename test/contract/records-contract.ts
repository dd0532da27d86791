import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/model/json.js'
import type { OrganizationStore, RecordCommit, RecordDraft, RecordStore } from '../../src/store/records.js'

/** What every store of records has to do. `open` gives an empty one. */
export function recordsContract(name: string, open: () => Promise<RecordStore>): void {
  describe(name, () => {
    let store: RecordStore
    let acme: OrganizationStore
    let other: OrganizationStore

    beforeEach(async () => {
      store = await open()
      acme = store.organization('acme')
      other = store.organization('other')
    })
    afterEach(() => store.close())

    const create = (...records: RecordDraft[]) => acme.commit(records.map((record) => ({ kind: 'create', record })))

    test('a record is read back as it was written, in its first version', async () => {
      await create(record('team', 't1', { body: canonicalJson({ colour: 'blue' }) }))
      expect(await acme.get('team', 't1')).toEqual({
        kind: 'team',
        id: 't1',
        parent: undefined,
        name: 't1',
        digest: undefined,
        version: 1,
        body: '{"colour":"blue"}',
      })
      expect(await acme.get('user', 't1')).toBeUndefined()
    })

    test('an organisation sees nothing of another', async () => {
      await create(record('team', 't1'))
      await other.commit([{ kind: 'delete', record: { kind: 'team', id: 't1' } }])
      expect(await other.get('team', 't1')).toBeUndefined()
      expect(await other.list('team')).toEqual([])
      await other.commit([{ kind: 'create', record: record('team', 't1', { name: 'theirs' }) }])
      expect((await acme.get('team', 't1'))?.name).toBe('t1')
      expect(await store.organizations()).toEqual(['acme', 'other'])
    })

    test('lists are in order of creation, and by parent and name', async () => {
      await create(record('user', 'zed'), record('user', 'ann'))
      await create(
        record('token', 'k2', { parent: 'zed', name: 'b' }),
        record('token', 'k1', { parent: 'zed', name: 'a' }),
      )
      await create(record('token', 'k3', { parent: 'ann', name: 'a' }))
      const ids = async (filter?: { parent?: string; name?: string }) =>
        (await acme.list('token', filter)).map(({ id }) => id)
      expect((await acme.list('user')).map(({ id }) => id)).toEqual(['zed', 'ann'])
      expect(await ids()).toEqual(['k2', 'k1', 'k3'])
      expect(await ids({ parent: 'zed' })).toEqual(['k2', 'k1'])
      expect(await ids({ parent: 'zed', name: 'a' })).toEqual(['k1'])
    })

    test('a name is taken for its kind and parent only', async () => {
      await create(record('user', 'u1', { name: 'ann' }))
      await expect(create(record('user', 'u2', { name: 'ann' }))).rejects.toMatchObject({
        code: 'already-exists',
        message: 'there is a user named "ann" already',
      })
      await create(record('team', 't1', { name: 'ann' }), record('user', 'u3', { name: 'ann', parent: 'u1' }))
    })

    test('a digest is taken in all organisations, and finds its record without one being named', async () => {
      await create(record('token', 'k1', { digest: 'abc' }))
      const again = record('token', 'k2', { digest: 'abc' })
      await expect(other.commit([{ kind: 'create', record: again }])).rejects.toMatchObject({ code: 'already-exists' })
      expect(await store.findByDigest('abc')).toMatchObject({ organization: 'acme', record: { id: 'k1' } })
      expect(await store.findByDigest('abd')).toBeUndefined()
    })

    test('what is replaced must not have changed since it was read', async () => {
      await create(record('team', 't1'))
      const changed = record('team', 't1', { name: 'renamed' })
      await acme.commit([{ kind: 'replace', record: changed, version: 1 }])
      expect(await acme.get('team', 't1')).toMatchObject({ name: 'renamed', version: 2 })
      await expect(acme.commit([{ kind: 'replace', record: changed, version: 1 }])).rejects.toMatchObject({
        code: 'version-conflict',
      })
      const absent = record('team', 't9')
      await expect(acme.commit([{ kind: 'replace', record: absent, version: 1 }])).rejects.toMatchObject({
        code: 'version-conflict',
      })
    })

    test('a commit takes effect as a whole or not at all', async () => {
      await create(record('user', 'u1', { name: 'ann' }))
      const heard = watch(store)
      await expect(
        acme.commit([
          { kind: 'create', record: record('user', 'u2', { name: 'bob' }) },
          { kind: 'append', entry: canonicalJson({ action: 'made bob' }) },
          { kind: 'create', record: record('user', 'u3', { name: 'ann' }) },
        ]),
      ).rejects.toMatchObject({ code: 'already-exists' })
      expect(await acme.get('user', 'u2')).toBeUndefined()
      expect(await acme.journal({ after: 0, limit: 10 })).toEqual([])
      expect(heard).toEqual([])
    })

    test('a record needs the parent that it names', async () => {
      await expect(create(record('token', 'k1', { parent: 'nobody' }))).rejects.toMatchObject({ code: 'not-found' })
    })

    test('a delete takes along what hangs on it, and all of it is told', async () => {
      await create(record('team', 't1'), record('user', 'u1'))
      await create(record('token', 'k1', { parent: 'u1' }), record('use', 'x1', { parent: 'k1' }))
      const heard = watch(store)
      await acme.commit([{ kind: 'delete', record: { kind: 'user', id: 'u1' } }])
      expect(heard.map(({ changes }) => changes.map(({ before, after }) => [before?.id, after]))).toEqual([
        [
          ['u1', undefined],
          ['k1', undefined],
          ['x1', undefined],
        ],
      ])
      expect(await acme.list('token')).toEqual([])
      expect((await acme.list('team')).map(({ id }) => id)).toEqual(['t1'])
    })

    test('deleting what is not there is nothing', async () => {
      const heard = watch(store)
      await acme.commit([{ kind: 'delete', record: { kind: 'user', id: 'u1' } }])
      expect(heard).toEqual([])
    })

    test('watchers hear of a commit before its promise resolves, and one that fails harms nobody', async () => {
      store.watch(() => {
        throw new Error('a watcher of the test fails')
      })
      const heard = watch(store)
      const written = create(record('team', 't1')).then(() => heard.length)
      expect(await written).toBe(1)
      expect(heard[0]).toMatchObject({ organization: 'acme', changes: [{ before: undefined, after: { id: 't1' } }] })
    })

    test('the journal of an organisation counts from one, page by page', async () => {
      const entry = (n: number) => canonicalJson({ n })
      for (const n of [1, 2, 3]) await acme.commit([{ kind: 'append', entry: entry(n) }])
      await other.commit([{ kind: 'append', entry: entry(9) }])
      expect(await acme.journal({ after: 0, limit: 2 })).toEqual([
        { sequence: 1, entry: entry(1) },
        { sequence: 2, entry: entry(2) },
      ])
      expect(await acme.journal({ after: 2, limit: 2 })).toEqual([{ sequence: 3, entry: entry(3) }])
      expect(await other.journal({ after: 0, limit: 2 })).toEqual([{ sequence: 1, entry: entry(9) }])
    })

    test('texts are kept as they are, whatever is in them', async () => {
      const name = `Robert'); DROP TABLE record;-- \u{1F98A} %_`
      await create(record('team', 't1', { name }))
      expect((await acme.list('team', { name }))[0]?.name).toBe(name)
      expect(await acme.list('team', { name: '%' })).toEqual([])
    })

    test('what not every database can keep is refused, and nothing is found by it', async () => {
      const name = 'a\u0000b'
      await expect(create(record('team', 't1', { name }))).rejects.toMatchObject({ code: 'invalid-argument' })
      expect(await acme.list('team', { name })).toEqual([])
      expect(await acme.get('team', name)).toBeUndefined()
    })

    test('the place of a record that goes is free for the next in the same commit', async () => {
      await create(record('user', 'u1', { name: 'ann' }), record('token', 'k1', { parent: 'u1', digest: 'abc' }))
      await acme.commit([
        { kind: 'delete', record: { kind: 'user', id: 'u1' } },
        { kind: 'create', record: record('user', 'u2', { name: 'ann' }) },
        { kind: 'create', record: record('token', 'k2', { parent: 'u2', digest: 'abc' }) },
      ])
      expect(await store.findByDigest('abc')).toMatchObject({ record: { id: 'k2' } })
      expect(await acme.get('token', 'k1')).toBeUndefined()
    })

    test('an organisation whose last record has gone is listed no more, and its journal stays', async () => {
      await acme.commit([
        { kind: 'create', record: record('team', 't1') },
        { kind: 'append', entry: canonicalJson({ n: 1 }) },
      ])
      await acme.commit([{ kind: 'delete', record: { kind: 'team', id: 't1' } }])
      expect(await store.organizations()).toEqual([])
      expect(await acme.journal({ after: 0, limit: 10 })).toHaveLength(1)
    })

    test('commits that are asked for at once all take effect, one after the other', async () => {
      const ids = Array.from({ length: 20 }, (_, index) => `t${index}`)
      await Promise.all(
        ids.map((id) =>
          acme.commit([
            { kind: 'create', record: record('team', id) },
            { kind: 'append', entry: canonicalJson({ id }) },
          ]),
        ),
      )
      expect((await acme.list('team')).map(({ id }) => id)).toEqual(ids)
      const journal = await acme.journal({ after: 0, limit: 100 })
      expect(journal.map(({ entry }) => JSON.parse(entry).id)).toEqual(ids)
      expect(journal.at(-1)?.sequence).toBe(20)
    })

    test('a closed store refuses', async () => {
      await store.close()
      await expect(acme.list('team')).rejects.toMatchObject({ code: 'unavailable' })
      await expect(create(record('team', 't1'))).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}

function record(kind: string, id: string, rest: Partial<RecordDraft> = {}): RecordDraft {
  return { kind, id, parent: undefined, name: id, digest: undefined, body: canonicalJson({}), ...rest }
}

function watch(store: RecordStore): RecordCommit[] {
  const heard: RecordCommit[] = []
  store.watch((commit) => heard.push(commit))
  return heard
}
