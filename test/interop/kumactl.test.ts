import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { DATAPLANES, dataplane, meshTimeout, ZONE_ORIGIN } from './support/documents.js'
import { eventually } from './support/eventually.js'
import { Kumactl } from './support/kumactl.js'
import { describeWith } from './support/peers.js'
import type { Document, Rest } from './support/rest.js'
import { World } from './support/world.js'
import { expectOnline } from './support/zones.js'

/** The same commands, in this order, against ours and a real one. */
const READS = [
  'get meshes',
  'get mesh default -o yaml',
  'get meshtimeouts',
  'get meshtimeout edited -o yaml',
  'get meshtimeout absent',
  'get meshtimeouts --size 1',
  'get zones',
  'get hostnamegenerators',
  'get dataplanes',
  'get secrets',
  'inspect zones',
  'inspect meshes',
  'inspect dataplanes',
  'inspect dataplane absent',
  'delete meshtimeout absent',
  'delete meshtimeout edited',
  'get meshtimeout edited',
] as const

const NEGATIVE = { to: [{ targetRef: { kind: 'Mesh' }, default: { http: { requestTimeout: '-5s' } } }] }
const SERVICE = { selector: { dataplaneTags: { app: 'x' } }, ports: [{ port: 80, appProtocol: 'http' }] }

/** Documents that are applied first, valid ones and others. */
function writes(labels: Record<string, string>): readonly Document[] {
  return [
    meshTimeout('edited', '5s', labels),
    meshTimeout('edited', '6s', labels),
    { type: 'MeshTimeout', mesh: 'default', name: 'negative', labels, spec: NEGATIVE },
    { type: 'MeshService', mesh: 'default', name: 'manual', labels, spec: SERVICE },
    { ...meshTimeout('strayed', '5s', labels), mesh: 'absent' },
  ]
}

describeWith(['KUMA_CP', 'KUMACTL'], 'kumactl says of ours what it says of a real one', () => {
  const world = new World()
  const pairs: { ours: Kumactl; real: Kumactl }[] = []
  let ours: Rest

  beforeAll(async () => {
    const global = await world.global()
    const kumaGlobal = await world.kumaGlobal()
    ours = global.rest
    // Without a proxy of its own, as a real zone on Universal.
    const alone = { ZONELAB_ZONE_PROXY: 'false' }
    const zone = await world.zone('zone-1', `grpc://127.0.0.1:${global.endpoints.kds}`, alone)
    const kumaZone = await world.kumaZone('zone-1', `grpc://127.0.0.1:${kumaGlobal.kdsPort}`)
    for (const { rest } of [zone, kumaZone]) {
      await eventually(10_000, () => rest.get('/meshes/default/meshtimeouts'))
      await rest.put(DATAPLANES, dataplane({ name: 'dp-1', workload: 'backend', port: 8080, adminPort: 9901 }))
    }
    for (const { rest } of [global, kumaGlobal]) {
      await eventually(20_000, () => expectOnline(rest, 'zone-1', true))
      await eventually(20_000, async () => expect(await rest.names('/hostnamegenerators')).toHaveLength(7))
      await eventually(20_000, () => rest.byDisplayName(DATAPLANES, 'dp-1'))
      await eventually(20_000, async () => expect((await rest.get('/mesh-insights/default')).dataplanes.total).toBe(1))
    }
    for (const [one, other] of [
      [global, kumaGlobal],
      [zone, kumaZone],
    ] as const) {
      const [a, b] = [await Kumactl.connect(world, one.rest), await Kumactl.connect(world, other.rest)]
      expect(a.added).toEqual(b.added)
      pairs.push({ ours: a.kumactl, real: b.kumactl })
    }
  })
  afterAll(() => world.stop())

  test.each([
    ['global', 0],
    ['zone', 1],
  ] as const)('a %s: apply, get, inspect and delete', async (_name, at) => {
    const said = { ours: '', real: '' }
    for (const side of ['ours', 'real'] as const) {
      const kumactl = pairs[at]?.[side]
      if (!kumactl) throw new Error('the pair has not started')
      for (const document of writes(at === 0 ? {} : ZONE_ORIGIN)) {
        said[side] += await transcript(kumactl, ['apply', '-f', '-'], stringify(document))
      }
      for (const command of READS) said[side] += await transcript(kumactl, command.split(' '))
    }
    expect(said.ours).toContain('resource type="MeshTimeout" mesh="default" name="edited" Created')
    expect(said.ours).toBe(said.real)
  })

  test('tokens for zones, users and dataplanes, with the claims of a real one', async () => {
    for (const command of [
      'generate zone-token --zone zone-1 --valid-for 1h',
      'generate user-token --name jane --group team --valid-for 1h',
      'generate dataplane-token --mesh default --name dp-1 --workload backend --valid-for 1h',
    ]) {
      const claims = await Promise.all([pairs[0]?.ours, pairs[0]?.real].map((kumactl) => claimsOf(kumactl, command)))
      expect(claims[0], command).toEqual(claims[1])
    }
  })

  test('an export holds the same resources', async () => {
    for (const format of ['universal', 'kubernetes']) {
      const command = ['export', '--profile', 'federation-with-policies', '--format', format]
      // What was deleted in the zones a moment ago is on its way out at the globals.
      await eventually(10_000, async () => {
        const [one, other] = [await pairs[0]?.ours.output(command), await pairs[0]?.real.output(command)]
        expect(normalised(one ?? ''), format).toBe(normalised(other ?? ''))
      })
    }
  })

  test('the same control plane is reached under its own path', async () => {
    const { url } = ours
    const { kumactl, added } = await Kumactl.connect(world, { url: `${url}/v1/mesh/control-planes/default/api` })
    expect([added.code, added.stdout]).toEqual([0, expect.stringContaining('added Control Plane "peer"')])
    expect(await kumactl.output(['apply', '-f', '-'], stringify(meshTimeout('by-path', '5s')))).toContain('Created')
    for (const command of ['get meshtimeouts', 'inspect zones', 'inspect dataplanes']) {
      const bare = await pairs[0]?.ours.output(command.split(' '))
      expect(normalised(await kumactl.output(command.split(' '))), command).toBe(normalised(bare ?? ''))
    }
    expect(await kumactl.output(['delete', 'meshtimeout', 'by-path'])).toContain('deleted MeshTimeout "by-path"')
  })
})

async function transcript(kumactl: Kumactl, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kumactl.run(args, input)
  return `$ ${args.join(' ')}\n${normalised(stdout)}${normalised(stderr)}=> ${code}\n`
}

/** Without what two control planes never share: times, counts, versions, identifiers and keys. */
function normalised(text: string): string {
  return text
    .replace(/"?\d{4}-\d\d-\d\dT[\d:.]+Z"?/g, 'TIME')
    .replace(/3\.0\.0[-.\w]*/g, 'VERSION')
    .replace(/^# Product: .*$/gm, '# Product')
    .replace(/^( *(?:data|value): ).*$/gm, '$1DATA')
    .replace(/ {2,}(?:\d+[smhd])+(?= |$)/gm, '  AGE')
    .replace(/(Online +AGE +AGE) +\d+/g, '$1 COUNT')
    .replace(/ {2,}/g, '  ')
}

async function claimsOf(kumactl: Kumactl | undefined, command: string): Promise<Record<string, unknown>> {
  const token = (await kumactl?.output(command.split(' '))) ?? ''
  const [header = '', payload = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  const { exp, nbf, iat, jti, ...claims } = JSON.parse(payload)
  expect([typeof jti, exp - iat, iat - nbf]).toEqual(['string', 3_605, 0])
  // Go writes a list that was not given as null, and reads either.
  const lists = Object.entries(claims).map(([name, value]) => [name, value ?? []])
  return { ...JSON.parse(header), ...Object.fromEntries(lists) }
}
