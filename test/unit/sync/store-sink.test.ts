import { describe, expect, test } from 'vitest'
import { SinkLab, sent } from './sink-lab.js'

const SPEC = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '5s' } }] }
const BAD_SPEC = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: 'soon' } }] }
const OWN = { labels: { 'kuma.io/origin': 'zone' } }
const FROM_GLOBAL = { labels: { 'kuma.io/origin': 'global' }, syncedVersion: 'v0' }

/** kds.md §8.1 and §8.2 for a zone. */
describe('a zone that applies a batch', () => {
  test('keeps what came, with the version that the sender calls it by', async () => {
    const lab = new SinkLab()
    expect(await lab.apply('MeshTimeout', [{ name: 'a', spec: SPEC, version: 'abc' }])).toEqual({ kind: 'applied' })
    expect(await lab.sink.versions('MeshTimeout')).toEqual(new Map([['a.default', 'abc']]))
    expect(lab.applied).toEqual([[{ name: 'a.default', version: 'abc' }]])
  })

  test('deletes what the whole truth lacks and an increment does not', async () => {
    const lab = new SinkLab()
    await lab.have('MeshTimeout', 'old', FROM_GLOBAL)
    await lab.apply('MeshTimeout', [{ name: 'new', spec: SPEC }])
    expect(await lab.names('MeshTimeout')).toEqual(['new', 'old'])
    await lab.apply('MeshTimeout', [{ name: 'new', spec: SPEC }], { whole: true })
    expect(await lab.names('MeshTimeout')).toEqual(['new'])
  })

  test('an empty whole truth empties what is in scope', async () => {
    const lab = new SinkLab()
    await lab.have('MeshTimeout', 'copy', FROM_GLOBAL)
    await lab.have('MeshTimeout', 'mine', OWN)
    await lab.apply('MeshTimeout', [], { whole: true })
    expect(await lab.names('MeshTimeout')).toEqual(['mine'])
  })

  test('deletes what is named as removed, at its last dot, and nothing of its own', async () => {
    const lab = new SinkLab()
    await lab.have('MeshTimeout', 'a.b', FROM_GLOBAL)
    await lab.have('MeshTimeout', 'mine', OWN)
    await lab.have('Mesh', 'm')
    await lab.apply('MeshTimeout', [], { removed: ['a.b.default', 'mine.default', 'never.default'] })
    await lab.apply('Mesh', [], { removed: ['m.'] })
    expect([await lab.names('MeshTimeout'), await lab.names('Mesh')]).toEqual([['mine'], []])
  })

  test('takes what is both sent and removed for an update', async () => {
    const lab = new SinkLab()
    await lab.have('MeshTimeout', 'a', FROM_GLOBAL)
    await lab.apply('MeshTimeout', [{ name: 'a', spec: SPEC }], { removed: ['a.default'] })
    expect(await lab.spec('MeshTimeout', 'a')).toEqual(SPEC)
  })

  test('overrides whole what only the global authors, labelled or not', async () => {
    const lab = new SinkLab()
    await lab.have('Mesh', 'local')
    await lab.apply('Mesh', [{ name: 'default', mesh: '', labels: {} }], { whole: true })
    expect(await lab.names('Mesh')).toEqual(['default'])
  })

  test('ignores without a word what is not said to be the global’s', async () => {
    const lab = new SinkLab()
    expect(await lab.apply('MeshTimeout', [{ name: 'a', spec: SPEC, labels: {} }])).toEqual({ kind: 'applied' })
    expect(await lab.names('MeshTimeout')).toEqual([])
  })

  test('keeps its own status and ignores the sender’s', async () => {
    const lab = new SinkLab()
    const labels = { 'kuma.io/origin': 'global', 'kuma.io/zone': 'zone-2' }
    await lab.have('MeshService', 's', { labels, status: { vips: [{ ip: '241.0.0.1' }] } })
    await lab.apply('MeshService', [{ name: 's', labels, spec: { ports: [{ port: 80 }] }, status: { tls: {} } }])
    const { resources } = await lab.store.list('MeshService')
    expect(resources[0]?.status).toBe('{"vips":[{"ip":"241.0.0.1"}]}')
  })

  test('of two copies under one name keeps the last, and answers', async () => {
    const lab = new SinkLab()
    const outcome = await lab.apply('MeshTimeout', [
      { name: 'a', spec: { ...SPEC, targetRef: { kind: 'Mesh' } }, version: 'v1' },
      { name: 'a', spec: SPEC, version: 'v2' },
    ])
    expect([outcome, await lab.spec('MeshTimeout', 'a')]).toEqual([{ kind: 'applied' }, SPEC])
  })

  test('takes a type that it does not know and does nothing', async () => {
    const lab = new SinkLab()
    const unknown = {
      type: 'MeshOfTomorrow',
      wholeTruth: true,
      resources: [sent('MeshTimeout', { name: 'a' })],
      removed: [],
    }
    expect(await lab.sink.apply(unknown)).toEqual({ kind: 'applied' })
    expect((await lab.store.head()).revision).toBe(0)
  })

  test('asks for the whole truth again while something in scope has no version of the sender’s', async () => {
    const lab = new SinkLab()
    await lab.have('MeshTimeout', 'a', FROM_GLOBAL)
    await lab.have('MeshTimeout', 'mine', OWN)
    expect([...(await lab.sink.versions('MeshTimeout')).keys()]).toEqual(['a.default'])
    await lab.have('MeshTimeout', 'imported', { labels: FROM_GLOBAL.labels })
    expect((await lab.sink.versions('MeshTimeout')).size).toBe(0)
  })
})

describe('one bad resource of a batch', () => {
  const cases = [
    ['whose spec is not valid', { name: 'bad', spec: BAD_SPEC }],
    ['that does not decode', { name: 'bad', payload: new Uint8Array([0xff, 0xff, 0xff]) }],
    ['with a slash in its name', { name: 'b/ad', spec: SPEC }],
    ['without a mesh', { name: 'bad', mesh: '', spec: SPEC }],
    ['without a name', { name: '', spec: SPEC }],
  ] as const

  test.each(cases)('%s is refused alone and named, the rest is kept', async (_what, bad) => {
    const lab = new SinkLab()
    const outcome = await lab.apply('MeshTimeout', [{ name: 'good', spec: SPEC }, bad])
    expect(await lab.names('MeshTimeout')).toEqual(['good'])
    expect(outcome).toMatchObject({
      kind: 'refused',
      refusals: [{ version: 'v1', reason: expect.stringContaining('MeshTimeout') }],
    })
  })

  test('keeps the older copy that is there, also from a whole truth', async () => {
    const lab = new SinkLab()
    await lab.have('MeshTimeout', 'bad', { ...FROM_GLOBAL, spec: SPEC })
    await lab.apply('MeshTimeout', [{ name: 'bad', spec: BAD_SPEC }], { whole: true })
    expect(await lab.spec('MeshTimeout', 'bad')).toEqual(SPEC)
  })

  test('says which field is wrong, without the words of an operator’s mistake', async () => {
    const lab = new SinkLab()
    const outcome = await lab.apply('MeshTimeout', [{ name: 'bad', spec: BAD_SPEC }])
    const reason = outcome.kind === 'refused' ? outcome.refusals[0]?.reason : undefined
    expect(reason).toMatch(/^MeshTimeout "bad\.default": spec\.to\[0\]\.default\.connectionTimeout/)
  })
})

/** kds.md §3.3. */
describe('a global that applies what a zone sends', () => {
  async function global(): Promise<SinkLab> {
    const lab = new SinkLab('global')
    await lab.have('Zone', 'zone-1')
    return lab
  }
  const ofZone = (zone: string) => ({ labels: { 'kuma.io/origin': 'zone', 'kuma.io/zone': zone } })

  test('forces zone and origin to the connection’s, and owns it by the Zone', async () => {
    const lab = await global()
    await lab.apply('MeshTimeout', [
      { name: 'a', spec: SPEC, labels: { 'kuma.io/zone': 'zone-9', 'kuma.io/origin': 'global' } },
    ])
    const { resources } = await lab.store.list('MeshTimeout')
    expect(resources[0]).toMatchObject({ ...ofZone('zone-1'), owner: { type: 'Zone', name: 'zone-1' } })
  })

  test('never touches another zone’s, its own, or what is only named like the zone’s', async () => {
    const lab = await global()
    await lab.have('MeshTimeout', 'theirs', ofZone('zone-2'))
    await lab.have('MeshTimeout', 'zone-1.admin')
    await lab.have('MeshTimeout', 'ours', ofZone('zone-1'))
    const outcome = await lab.apply('MeshTimeout', [{ name: 'theirs', spec: SPEC }], {
      whole: true,
      removed: ['theirs.default'],
    })
    expect(await lab.names('MeshTimeout')).toEqual(['theirs', 'zone-1.admin'])
    expect(outcome).toMatchObject({ kind: 'refused', refusals: [{ reason: expect.stringMatching(/^user error: /) }] })
  })

  test('keeps the status that the zone computed', async () => {
    const lab = await global()
    await lab.apply('MeshService', [
      { name: 's', spec: { ports: [{ port: 80 }] }, status: { dataplaneProxies: { total: 2 } } },
    ])
    const { resources } = await lab.store.list('MeshService')
    expect(resources[0]?.status).toBe('{"dataplaneProxies":{"total":2}}')
  })

  test.each([
    ['another zone', 'zone-9', 'zone-1', ['Dataplane zone-9']],
    ['its own zone', 'zone-1', 'zone-1', []],
    ['no zone', undefined, undefined, []],
  ])('makes the zone tag of a gateway that claims %s true', async (_what, claimed, kept, rewrites) => {
    const lab = await global()
    const tags = { 'kuma.io/service': 'gw', ...(claimed !== undefined && { 'kuma.io/zone': claimed }) }
    const networking = { address: '127.0.0.1', gateway: { type: 'DELEGATED', tags } }
    const outcome = await lab.apply('Dataplane', [{ name: 'gw', spec: { networking } }])
    expect(outcome).toEqual({ kind: 'applied' })
    const spec = (await lab.spec('Dataplane', 'gw')) as { networking: { gateway: { tags: Record<string, string> } } }
    expect([spec.networking.gateway.tags['kuma.io/zone'], lab.rewrites]).toEqual([kept, rewrites])
  })

  test('fails when the Zone is gone, so that the zone comes again and has one', async () => {
    const lab = new SinkLab('global')
    expect(await lab.apply('MeshTimeout', [{ name: 'a', spec: SPEC }])).toEqual({
      kind: 'failed',
      detail: 'Zone zone-1 is not there any more',
    })
    expect(await lab.names('MeshTimeout')).toEqual([])
  })
})
