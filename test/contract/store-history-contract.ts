import { describe, expect, test } from 'vitest'
import {
  CHANGE_LOG_MAX,
  type Commit,
  type Listing,
  type TenantStore,
  type WriteOutcome,
} from '../../src/store/store.js'
import { draft, put, remove } from '../support/resource-builder.js'
import type { Subject } from './store-subject.js'

/** Revisions, watchers, the change log and concurrent writers. */
export function storeHistoryContract(subject: Subject): void {
  describe('watching', () => watching(subject))
  describe('the change log', () => changeLog(subject))
  describe('concurrent writers', () => concurrency(subject))
}

function watching({ freshTenant }: Subject): void {
  const mesh = draft('Mesh', 'a')

  test('a watcher is called with what was and what is, before the writer is answered', async () => {
    const tenant = freshTenant()
    const order: string[] = []
    const seen: Commit[] = []
    tenant.watch((commit) => {
      seen.push(commit)
      order.push(`watcher ${commit.revision}`)
    })
    await tenant.commit([put(mesh), put(draft('MeshTimeout', 'x', { owner: mesh }))]).then(() => order.push('writer 1'))
    await tenant.commit([put({ ...mesh, labels: { a: 'b' } })]).then(() => order.push('writer 2'))
    await tenant.commit([remove(mesh)]).then(() => order.push('writer 3'))
    expect(order).toEqual(['watcher 1', 'writer 1', 'watcher 2', 'writer 2', 'watcher 3', 'writer 3'])
    const { epoch } = await tenant.head()
    expect(seen.map((commit) => [commit.epoch, commit.revision])).toEqual(
      [1, 2, 3].map((revision) => [epoch, revision]),
    )
    const changes = seen.map((commit) =>
      commit.changes.map(({ key, before, after }) => `${key.type} ${before?.version} ${after?.version}`).sort(),
    )
    expect(changes).toEqual([
      ['Mesh undefined 1', 'MeshTimeout undefined 1'],
      ['Mesh 1 2'],
      ['Mesh 2 undefined', 'MeshTimeout 1 undefined'],
    ])
  })

  test('a commit that changes nothing calls nobody; one that deletes and re-creates shows both', async () => {
    const tenant = freshTenant()
    await tenant.commit([put(mesh)])
    const seen: Commit[] = []
    tenant.watch((commit) => seen.push(commit))
    await tenant.commit([put(mesh), put(draft('Mesh', 'b')), remove(draft('Mesh', 'b'))])
    await tenant.commit([remove(draft('Mesh', 'missing'))])
    expect(seen).toEqual([])
    await tenant.commit([remove(mesh), put(mesh)])
    expect(seen[0]?.changes).toHaveLength(1)
    const [change] = seen[0]?.changes ?? []
    expect(change?.before?.uid).not.toBe(change?.after?.uid)
    expect(change).toMatchObject({ before: { version: 1 }, after: { version: 1 } })
  })

  test('a watcher that throws harms neither the writer nor the others; one that left is not called', async () => {
    const tenant = freshTenant()
    const seen: number[] = []
    tenant.watch(() => {
      throw new Error('a bad watcher')
    })
    const leave = tenant.watch(() => seen.push(-1))
    tenant.watch(({ revision }) => seen.push(revision))
    leave()
    leave()
    expect((await tenant.commit([put(mesh)])).revision).toBe(1)
    expect(seen).toEqual([1])
  })

  test('a watcher that writes keeps everyone in revision order', async () => {
    const tenant = freshTenant()
    const written: Promise<unknown>[] = []
    const seen: number[][] = [[], []]
    tenant.watch(({ revision }) => {
      seen[0]?.push(revision)
      if (revision < 4) written.push(tenant.commit([put(draft('Mesh', `from-watcher-${revision}`))]))
    })
    tenant.watch(({ revision }) => seen[1]?.push(revision))
    await tenant.commit([put(mesh)])
    for (let index = 0; index < 3; index += 1) await written[index]
    expect(seen).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ])
  })

  test('a read that is answered shows nothing that watchers have not been told', async () => {
    const tenant = freshTenant()
    let told = 0
    tenant.watch(({ revision }) => {
      told = revision
    })
    const late: string[] = []
    const check = ({ head }: Listing) => {
      if (head.revision > told) late.push(`read ${head.revision}, told ${told}`)
    }
    const work = Array.from({ length: 100 }, (_, index) => [
      tenant.commit([put(draft('Mesh', `m${index}`))]),
      tenant.list('Mesh').then(check),
    ])
    await Promise.all(work.flat())
    expect(late).toEqual([])
    expect(told).toBe(100)
  })
}

function changeLog({ freshTenant }: Subject): void {
  const names = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `m${from + index}`)
  const putAll = (some: readonly string[]) => some.map((name) => put(draft('Mesh', name)))

  test('tells each key changed after a revision once, deleted ones included', async () => {
    const tenant = freshTenant()
    await tenant.commit(putAll(['a', 'b', 'c']))
    await tenant.commit([put(draft('Mesh', 'a', { labels: { x: '1' } })), remove(draft('Mesh', 'b'))])
    await tenant.commit([put(draft('Mesh', 'a', { labels: { x: '2' } })), put(draft('MeshTimeout', 'a'))])
    const { epoch } = await tenant.head()
    expect(await keysSince(tenant, epoch, 0)).toEqual(['Mesh a', 'Mesh b', 'Mesh c', 'MeshTimeout a'])
    expect(await keysSince(tenant, epoch, 1)).toEqual(['Mesh a', 'Mesh b', 'MeshTimeout a'])
    expect(await keysSince(tenant, epoch, 2)).toEqual(['Mesh a', 'MeshTimeout a'])
    expect(await tenant.changesSince(epoch, 3)).toEqual({ kind: 'changes', head: { epoch, revision: 3 }, keys: [] })
  })

  test('says start over for another epoch and for a revision that has not been', async () => {
    const tenant = freshTenant()
    const { epoch } = await tenant.head()
    expect(await tenant.changesSince(epoch, 0)).toMatchObject({ kind: 'changes', keys: [] })
    await tenant.commit(putAll(['a']))
    const head = { epoch, revision: 1 }
    expect(await tenant.head()).toEqual(head)
    expect(await tenant.changesSince('another', 1)).toEqual({ kind: 'start-over', head })
    expect(await tenant.changesSince(epoch, 2)).toEqual({ kind: 'start-over', head })
  })

  test('remembers so many keys and no more: whole revisions fall off, the oldest first', async () => {
    const tenant = freshTenant()
    await tenant.commit(putAll(names(10)))
    await tenant.commit(putAll(names(CHANGE_LOG_MAX - 10, 10)))
    const { epoch } = await tenant.head()
    expect(await keysSince(tenant, epoch, 0)).toHaveLength(CHANGE_LOG_MAX)
    await tenant.commit([put(draft('Mesh', 'one-more'))])
    expect(await tenant.changesSince(epoch, 0)).toMatchObject({ kind: 'start-over', head: { revision: 3 } })
    expect(await keysSince(tenant, epoch, 1)).toHaveLength(CHANGE_LOG_MAX - 10 + 1)
    await tenant.commit(putAll(names(10, CHANGE_LOG_MAX)))
    expect(await tenant.changesSince(epoch, 1)).toMatchObject({ kind: 'start-over' })
    expect(await keysSince(tenant, epoch, 2)).toHaveLength(11)
  })

  test('is empty after one commit that is larger than the log', async () => {
    const tenant = freshTenant()
    await tenant.commit(putAll(names(CHANGE_LOG_MAX + 1)))
    const { epoch } = await tenant.head()
    expect(await tenant.changesSince(epoch, 0)).toMatchObject({ kind: 'start-over' })
    expect(await keysSince(tenant, epoch, 1)).toEqual([])
    await tenant.commit([put(draft('Mesh', 'next'))])
    expect(await keysSince(tenant, epoch, 1)).toEqual(['Mesh next'])
  })
}

function concurrency({ freshTenant }: Subject): void {
  test('200 commits at once: gapless revisions, each watched once, in order', async () => {
    const tenant = freshTenant()
    const watched: number[] = []
    tenant.watch(({ revision }) => watched.push(revision))
    const all = Array.from({ length: 200 }, (_, index) => tenant.commit([put(draft('Mesh', `m${index}`))]))
    const revisions = (await Promise.all(all)).map(({ revision }) => revision)
    const expected = Array.from({ length: 200 }, (_, index) => index + 1)
    expect([...revisions].sort((a, b) => a - b)).toEqual(expected)
    expect(watched).toEqual(expected)
    expect((await tenant.list('Mesh')).resources).toHaveLength(200)
  })

  test('of 200 writers that expect the same version, one wins, and the others see what won', async () => {
    const tenant = freshTenant()
    const mesh = (by: number) => draft('Mesh', 'contended', { labels: { by: String(by) } })
    await tenant.commit([put(mesh(-1))])
    const all = Array.from({ length: 200 }, (_, by) => tenant.commit([put(mesh(by), { version: 1 })]))
    const outcomes = (await Promise.all(all)).flatMap((result) => result.outcomes)
    const winners = outcomes.filter(({ kind }) => kind === 'updated')
    expect(winners).toHaveLength(1)
    const stored = await tenant.get(mesh(0))
    expect(winners).toEqual([{ kind: 'updated', resource: stored }])
    expect(outcomes.filter((outcome) => outcome.kind === 'conflict').map(({ actual }) => actual)).toEqual(
      Array(199).fill(stored),
    )
  })

  test('counters raised by compare-and-set from many writers lose no step', async () => {
    const tenant = freshTenant()
    const counter = (count: number) => draft('Mesh', 'counter', { labels: { count: String(count) } })
    await tenant.commit([put(counter(0))])
    const raise = async () => {
      for (let attempt = 0; attempt < 200; attempt += 1) {
        const seen = await tenant.get(counter(0))
        if (!seen) throw new Error('the counter is gone')
        const next = counter(Number(seen.labels.count) + 1)
        const [outcome] = (await tenant.commit([put(next, { version: seen.version })])).outcomes
        if (outcome?.kind === 'updated') return
      }
      throw new Error('no luck in 200 attempts')
    }
    await Promise.all(Array.from({ length: 40 }, raise))
    expect((await tenant.get(counter(0)))?.labels).toEqual({ count: '40' })
    expect((await tenant.head()).revision).toBe(41)
  })

  test('writers of several tenants do not move one another', async () => {
    const stores = [freshTenant(), freshTenant(), freshTenant()]
    const write = (tenant: TenantStore, index: number) => tenant.commit([put(draft('Mesh', `m${index}`))])
    const all = Array.from({ length: 50 }, (_, index) => stores.map((tenant) => write(tenant, index)))
    const kinds = (await Promise.all(all.flat())).flatMap(({ outcomes }) =>
      outcomes.map((one: WriteOutcome) => one.kind),
    )
    expect(new Set(kinds)).toEqual(new Set(['created']))
    for (const tenant of stores) expect((await tenant.head()).revision).toBe(50)
  })
}

async function keysSince(tenant: TenantStore, epoch: string, revision: number): Promise<string[]> {
  const since = await tenant.changesSince(epoch, revision)
  if (since.kind !== 'changes') throw new Error(`start over after ${revision}`)
  return since.keys.map(({ type, name }) => `${type} ${name}`).sort()
}
