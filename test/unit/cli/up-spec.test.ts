import { expect, test } from 'vitest'
import { parsePlan } from '../../../src/cli/checks-machine.js'
import { Input } from '../../../src/cli/command.js'
import { parseCondition } from '../../../src/cli/conditions.js'
import { defaultSpec, sameSpec, specFromFlags } from '../../../src/cli/up-spec.js'
import { labSpecSchema } from '../../../src/lab/lab-spec.js'

const spec = (flags: Record<string, string | boolean>) => specFromFlags(new Input([], flags))

test('no flag describes no lab, so that one that was there is as it was', async () => {
  expect(await spec({})).toBeUndefined()
  expect(await spec({ detach: true, lab: 'x' })).toBeUndefined()
})

test('a lab survives its state file: what is written and read again is the same lab', async () => {
  const described = await spec({ zones: '3', dataplanes: '10', external: 'zone-3' })
  const again = labSpecSchema.parse(JSON.parse(JSON.stringify(described)))
  expect(described && sameSpec(described, again)).toBe(true)
  expect(sameSpec(await defaultSpec(), again)).toBe(false)
})

test.each([
  [{ zones: '0' }, '--zones 0: use a whole number from 1 to 2000'],
  [{ auth: 'mtls' }, '--auth mtls: use one of zone-token, sat, none'],
  [{ listen: 'localhost' }, '--listen localhost: use an IP address'],
  [{ db: 'mysql://x' }, '--db mysql://x: use a file, memory or postgres://…'],
  [{ globals: '2' }, '--globals 2: only a Postgres database can be shared; add --db postgres://…'],
  [{ shards: 'us' }, '--shards us: use REGION-NUMBER for each, like us-1,eu-1'],
  [{ shards: 'us-1,us-1' }, '--shards us-1,us-1: us-1 is there twice'],
  [{ shards: 'us-1,eu-1', global: 'grpc://h:1' }, 'several shards are of globals that the lab runs'],
  [{ shards: 'us-1', file: 'f' }, '--shards: with -f the file says this'],
  [{ 'cp-id': 'x' }, '--cp-id goes with --global'],
  [{ auth: 'sat', global: 'grpc://h:1' }, '--auth sat with --global: the access tokens are of its platform'],
  [{ auth: 'sat', global: 'grpc://h:1', 'cp-id': 'x' }, 'with --zone-token-dir'],
  [{ tenants: '2', global: 'grpc://h:1' }, "several tenants need the lab's own platform"],
  [{ isolate: true, inline: true }, '--isolate and --inline exclude each other'],
  [{ global: 'somewhere' }, '--global somewhere: use grpcs://HOST:PORT or grpc://HOST:PORT'],
  [{ ca: 'f' }, '--ca goes with --global'],
  [{ file: 'f', zones: '1' }, '--zones: with -f the file says this'],
  [{ file: '/nowhere/f.yaml' }, '-f /nowhere/f.yaml: there is no such file'],
  [{ file: '.' }, '-f .: this is a directory; name a file'],
  [{ external: 'zone-2' }, '--external zone-2: there is no such zone'],
  [{ 'kds-port': '70000' }, '--kds-port 70000: use a whole number from 1 to 65535'],
])('%j is refused: %s', async (flags, message) => {
  await expect(spec(flags)).rejects.toThrow(message)
})

test('an open listener without credentials or TLS needs --insecure', async () => {
  await expect(spec({ listen: '0.0.0.0', plaintext: true })).rejects.toThrow('add --insecure if that is meant')
  await expect(spec({ listen: '10.0.0.1', auth: 'none' })).rejects.toThrow('--auth none')
  expect((await spec({ listen: '0.0.0.0', plaintext: true, insecure: true }))?.listen).toBe('0.0.0.0')
  expect((await spec({ listen: '0.0.0.0' }))?.listen).toBe('0.0.0.0')
  expect((await spec({ listen: '127.0.0.2', plaintext: true }))?.plaintext).toBe(true)
})

test('zones of another global present its access tokens, of the control plane that is named', async () => {
  const flags = { auth: 'sat', global: 'grpcs://h:1', 'cp-id': 'an-id', 'zone-token-dir': '/tmp' }
  expect((await spec(flags))?.global).toMatchObject({ cpId: 'an-id', zoneTokenDir: '/tmp' })
})

test('conditions are read, and one that is not there is refused with those that are', () => {
  expect(parseCondition('synced=mt/slow')).toEqual({
    kind: 'synced-resource',
    type: 'MeshTimeout',
    mesh: 'default',
    name: 'slow',
  })
  expect(parseCondition('synced=Mesh/blue')).toEqual({
    kind: 'synced-resource',
    type: 'Mesh',
    mesh: undefined,
    name: 'blue',
  })
  expect(parseCondition('synced=mt/blue/slow')).toMatchObject({ mesh: 'blue', name: 'slow' })
  expect(parseCondition('zone/zone-2=offline')).toEqual({ kind: 'zone', zone: 'zone-2', online: false })
  expect(() => parseCondition('zone/zone-2=gone')).toThrow('use one of ready, synced')
})

test('a plan for check names zones and sidecars', () => {
  expect(parsePlan('zones=500,dataplanes=10')).toEqual({ zones: 500, dataplanes: 10 })
  expect(parsePlan('zones=5')).toEqual({ zones: 5, dataplanes: 10 })
  expect(() => parsePlan('pods=3')).toThrow('--for pods=3: use zones=N,dataplanes=N')
})
