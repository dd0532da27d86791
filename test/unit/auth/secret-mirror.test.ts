import { describe, expect, test } from 'vitest'
import { storeRevocations } from '../../../src/auth/revocations.js'
import { type SecretCommit, SecretMirror, type SecretSource } from '../../../src/auth/secret-mirror.js'
import { secretSpec, ZONE_REVOCATIONS } from '../../../src/auth/token-secrets.js'
import type { Resource } from '../../../src/model/resource.js'

/** A store whose reads and commits happen when the test says so. */
class FakeSource implements SecretSource {
  reads = 0
  readonly #pending: ((settle: 'fail' | { epoch: string; revision: number; resources: Resource[] }) => void)[] = []
  readonly #listeners = new Set<(commit: SecretCommit) => void>()

  listAll(): ReturnType<SecretSource['listAll']> {
    this.reads++
    return new Promise((resolve, reject) => {
      this.#pending.push((settle) => {
        if (settle === 'fail') reject(new Error('disk'))
        else resolve({ head: settle, resources: settle.resources })
      })
    })
  }

  watch(listener: (commit: SecretCommit) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get watchers(): number {
    return this.#listeners.size
  }

  async answer(settle: 'fail' | { epoch: string; revision: number; resources: Resource[] }): Promise<void> {
    this.#pending.shift()?.(settle)
    await Promise.resolve()
  }

  commit(epoch: string, revision: number, ...changed: (readonly [Resource, 'put' | 'delete'])[]): void {
    const changes = changed.map(([key, how]) => ({ key, after: how === 'put' ? key : undefined }))
    for (const listener of this.#listeners) listener({ epoch, revision, changes })
  }
}

const secret = (name: string, data: string, mesh?: string): Resource => ({
  type: mesh === undefined ? 'GlobalSecret' : 'Secret',
  mesh,
  name,
  uid: name,
  version: 1,
  labels: {},
  spec: secretSpec(data),
  status: undefined,
  createdAtMs: 0,
  modifiedAtMs: 0,
  owner: undefined,
  syncedVersion: undefined,
})
const list = (data: string) => secret(ZONE_REVOCATIONS.name, data)

describe('the mirror', () => {
  test('reads the store once for all callers, and then follows the feed', async () => {
    const source = new FakeSource()
    const mirror = new SecretMirror(source)
    const revocations = storeRevocations(mirror, ZONE_REVOCATIONS)
    const first = Promise.all([revocations.isRevoked('a'), revocations.isRevoked('b')])
    await source.answer({ epoch: 'e', revision: 1, resources: [list('a')] })
    expect(await first).toEqual([true, false])
    source.commit('e', 2, [list('b'), 'put'])
    expect([await revocations.isRevoked('a'), await revocations.isRevoked('b')]).toEqual([false, true])
    source.commit('e', 3, [list('b'), 'delete'])
    expect(await revocations.isRevoked('b')).toBe(false)
    expect(source.reads).toBe(1)
  })

  test('a commit that comes during the first read counts if the read does not show it yet', async () => {
    const source = new FakeSource()
    const revocations = storeRevocations(new SecretMirror(source), ZONE_REVOCATIONS)
    const early = revocations.isRevoked('new')
    source.commit('e', 5, [list('new'), 'put'])
    await source.answer({ epoch: 'e', revision: 4, resources: [list('old')] })
    expect(await early).toBe(true)
  })

  test('a commit that the first read shows already is not applied again', async () => {
    const source = new FakeSource()
    const revocations = storeRevocations(new SecretMirror(source), ZONE_REVOCATIONS)
    const early = revocations.isRevoked('newest')
    source.commit('e', 5, [list('old'), 'delete'])
    await source.answer({ epoch: 'e', revision: 6, resources: [list('newest')] })
    expect(await early).toBe(true)
  })

  test('a failed read is unavailable, and the next caller reads again', async () => {
    const source = new FakeSource()
    const mirror = new SecretMirror(source)
    const failing = expect(mirror.get(ZONE_REVOCATIONS)).rejects.toMatchObject({ code: 'unavailable' })
    await source.answer('fail')
    await failing
    const again = mirror.get(ZONE_REVOCATIONS)
    await source.answer({ epoch: 'e', revision: 1, resources: [list('a')] })
    expect(await again).toMatchObject({ name: ZONE_REVOCATIONS.name })
  })

  test('a new epoch is read anew: nothing of a deleted control plane is kept', async () => {
    const source = new FakeSource()
    const mirror = new SecretMirror(source)
    const warm = mirror.get(ZONE_REVOCATIONS)
    await source.answer({ epoch: 'e', revision: 1, resources: [list('a')] })
    await warm
    source.commit('f', 0)
    const after = mirror.get(ZONE_REVOCATIONS)
    await source.answer({ epoch: 'f', revision: 0, resources: [] })
    expect(await after).toBeUndefined()
    expect(source.reads).toBe(2)
  })

  test('an epoch that ends during the first read voids that read', async () => {
    const source = new FakeSource()
    const mirror = new SecretMirror(source)
    const asked = mirror.get(ZONE_REVOCATIONS)
    source.commit('e', 2, [list('a'), 'put'])
    source.commit('f', 0)
    await source.answer({ epoch: 'e', revision: 1, resources: [list('a')] })
    await source.answer({ epoch: 'f', revision: 0, resources: [] })
    expect(await asked).toBeUndefined()
  })

  test('keeps token secrets only', async () => {
    const source = new FakeSource()
    const mirror = new SecretMirror(source)
    const kept = ['zone-token-signing-key', 'zone-token-signing-key-1', 'zone-token-signing-public-key-1']
    kept.push('user-token-signing-key-1', 'user-token-revocations', 'zone-token-revocations')
    const left = [
      'admin-user-token',
      'envoy-admin-ca',
      'inter-cp-ca',
      'zone-token-revocations-x',
      'zone-token-signing-keys',
    ]
    const all = mirror.list('GlobalSecret', undefined)
    const resources = [...kept, ...left].map((name) => secret(name, 'x'))
    resources.push(secret('dataplane-token-signing-key-m-1', 'x', 'm'), secret('backend-cert', 'x', 'm'))
    await source.answer({ epoch: 'e', revision: 1, resources })
    expect((await all).map(({ name }) => name)).toEqual(kept)
    expect((await mirror.list('Secret', 'm')).map(({ name }) => name)).toEqual(['dataplane-token-signing-key-m-1'])
    expect(await mirror.list('Secret', 'n')).toEqual([])
  })

  test('once closed it follows no more and answers no more', async () => {
    const source = new FakeSource()
    const mirror = new SecretMirror(source)
    expect(source.watchers).toBe(1)
    mirror.close()
    expect(source.watchers).toBe(0)
    await expect(mirror.get(ZONE_REVOCATIONS)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test('ZT row 138: a list of 100,000 ids is read once and then only looked up', async () => {
  const source = new FakeSource()
  const revocations = storeRevocations(new SecretMirror(source), ZONE_REVOCATIONS)
  const ids = Array.from({ length: 100_000 }, (_, i) => `id-${i}`)
  const first = revocations.isRevoked('id-99999')
  await source.answer({ epoch: 'e', revision: 1, resources: [list(ids.join(','))] })
  expect(await first).toBe(true)
  for (let i = 0; i < 10_000; i++) expect(await revocations.isRevoked(`other-${i}`)).toBe(false)
})
