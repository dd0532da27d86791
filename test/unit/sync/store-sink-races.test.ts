import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { settled } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'
import { SinkLab } from './sink-lab.js'

const SECRET = (data: string) => ({ data: Buffer.from(data).toString('base64') })
const ONE = { name: 's', spec: SECRET('one'), version: 'v1' }
const TWO = { name: 's', spec: SECRET('two'), version: 'v2' }

/** A local Secret has the name; the global's copy was refused (kds.md trap 30). */
async function blockedLab(): Promise<SinkLab> {
  const lab = new SinkLab()
  await lab.have('Secret', 's', { spec: SECRET('local') })
  const outcome = await lab.apply('Secret', [ONE])
  expect(outcome).toMatchObject({ kind: 'refused', refusals: [{ name: 's.default', version: 'v1' }] })
  return lab
}

const free = (lab: SinkLab) => lab.store.commit([remove(draft('Secret', 's'))])

describe('a copy whose name a local resource has', () => {
  test('is refused as a user error, the local one stays, and takes its place when that is deleted', async () => {
    const lab = await blockedLab()
    expect(await lab.spec('Secret', 's')).toEqual(SECRET('local'))
    await free(lab)
    expect(await lab.spec('Secret', 's')).toEqual(SECRET('one'))
    expect(lab.applied.at(-1)).toEqual([{ name: 's.default', version: 'v1' }])
  })

  test('waits in its newest form', async () => {
    const lab = await blockedLab()
    await lab.apply('Secret', [TWO])
    await free(lab)
    expect(await lab.spec('Secret', 's')).toEqual(SECRET('two'))
  })

  test.each([
    ['removed', { removed: ['s.default'] }],
    ['lacking in the whole truth', { whole: true }],
  ])('does not come any more once it is %s', async (_what, batch) => {
    const lab = await blockedLab()
    await lab.apply('Secret', [], batch)
    await free(lab)
    expect(await lab.spec('Secret', 's')).toBeUndefined()
  })

  test('does not overtake a newer one that is being applied', async () => {
    const lab = await blockedLab()
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    lab.beforeCommit = () => held
    const applying = lab.apply('Secret', [TWO])
    await settled()
    await free(lab)
    release()
    await applying
    expect(await lab.spec('Secret', 's')).toEqual(SECRET('two'))
  })

  test('does not come after the stream is over', async () => {
    const lab = await blockedLab()
    lab.sink.stop()
    await free(lab)
    expect(await lab.spec('Secret', 's')).toBeUndefined()
  })

  test('waits among a bounded number, the oldest goes first', async () => {
    const lab = new SinkLab()
    const names = Array.from({ length: 1_001 }, (_, i) => `s-${i}`)
    await lab.store.commit(names.map((name) => put(draft('Secret', name))))
    await lab.apply(
      'Secret',
      names.map((name) => ({ name, spec: SECRET('global') })),
    )
    await lab.store.commit([remove(draft('Secret', 's-0')), remove(draft('Secret', 's-1'))])
    expect([await lab.spec('Secret', 's-0'), await lab.spec('Secret', 's-1')]).toEqual([undefined, SECRET('global')])
  })
})

describe('a write that races with another', () => {
  const copy = (data: string) => draft('Secret', 's', { labels: { 'kuma.io/origin': 'global' }, spec: SECRET(data) })

  test('is done again on what is there then', async () => {
    const lab = new SinkLab()
    await lab.store.commit([put(copy('old'))])
    let once = true
    lab.beforeCommit = async () => {
      if (once) await lab.store.commit([put(copy('raced'))])
      once = false
    }
    expect(await lab.apply('Secret', [TWO])).toEqual({ kind: 'applied' })
    expect(await lab.spec('Secret', 's')).toEqual(SECRET('two'))
  })

  test('makes again what vanished under the update', async () => {
    const lab = new SinkLab()
    await lab.store.commit([put(copy('old'))])
    let once = true
    lab.beforeCommit = async () => {
      if (once) await lab.store.commit([remove(draft('Secret', 's'))])
      once = false
    }
    expect(await lab.apply('Secret', [TWO])).toEqual({ kind: 'applied' })
    expect(await lab.spec('Secret', 's')).toEqual(SECRET('two'))
  })

  test('gives up after three rounds, which ends the stream and stores nothing of it', async () => {
    const lab = new SinkLab()
    await lab.store.commit([put(copy('old'))])
    let round = 0
    lab.beforeCommit = async () => {
      round += 1
      await lab.store.commit([put(copy(`raced ${round}`))])
    }
    expect(await lab.apply('Secret', [TWO])).toEqual({
      kind: 'failed',
      detail: 'Secret kept changing while it was synced',
    })
    expect([round, await lab.spec('Secret', 's')]).toEqual([3, SECRET('raced 3')])
  })

  test('a store that is away keeps the sender waiting, and has the batch once it is back', async () => {
    const lab = new SinkLab()
    let away = true
    lab.beforeCommit = () => (away ? Promise.reject(new AppError('unavailable', 'it is away')) : Promise.resolve())
    let outcome: unknown
    const applying = lab.apply('Secret', [ONE]).then((answer) => {
      outcome = answer
    })
    await lab.clock.stepAsync(60_000)
    expect(outcome).toBeUndefined()
    away = false
    await lab.clock.stepAsync(10_000)
    await applying
    expect([outcome, await lab.spec('Secret', 's')]).toEqual([{ kind: 'applied' }, SECRET('one')])
  })

  test('the end of the stream ends the wait', async () => {
    const lab = new SinkLab()
    lab.beforeCommit = () => Promise.reject(new AppError('unavailable', 'it is away'))
    const applying = lab.apply('Secret', [ONE])
    await lab.clock.stepAsync(1_000)
    lab.sink.stop()
    expect(await applying).toEqual({ kind: 'failed', detail: 'could not store Secret: it is away' })
  })

  test('a store that fails is our trouble: nothing is acknowledged', async () => {
    const lab = new SinkLab()
    lab.beforeCommit = () => Promise.reject(new AppError('store-full', 'the disk is full'))
    expect(await lab.apply('Secret', [ONE])).toEqual({
      kind: 'failed',
      detail: 'could not store Secret: the disk is full',
    })
  })
})
