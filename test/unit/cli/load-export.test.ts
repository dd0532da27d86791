import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Input } from '../../../src/cli/command.js'
import { readExport } from '../../../src/cli/load-export.js'
import { FakeClock } from '../../support/fake-clock.js'
import { FakeIo } from './fake-io.js'

const SECRET = 'c2VjcmV0LXZhbHVl'
const mesh = (name: string) => `type: Mesh\nname: ${name}\n`
const secret = `type: Secret\nmesh: default\nname: s\ndata: ${SECRET}\n`
const timeout = (name: string, ofMesh = 'default') =>
  `type: MeshTimeout\nmesh: ${ofMesh}\nname: ${name}\nspec: { to: [{ targetRef: { kind: Mesh }, default: { idleTimeout: 1s } }] }\n`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-export-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What the export of these documents comes to, and what is said of it. */
async function read(documents: readonly string[], flags: Readonly<Record<string, string>> = {}) {
  const io = new FakeIo()
  const file = join(folder, 'export.yaml')
  writeFileSync(file, documents.join('---\n'))
  const context = {
    io,
    clock: new FakeClock(),
    random: { next: () => 0, uuid: () => '' },
    env: {},
    program: 'zonelab',
    signal: new AbortController().signal,
  }
  const taken = await readExport(new Input(['fanout'], { resources: file, ...flags }), context)
  return { taken: taken.map(({ type, mesh: ofMesh, name }) => `${type}/${ofMesh}/${name}`), io }
}

describe('an export with which a run begins', () => {
  test('gives its policies; everything else is told by its types, and a secret is not shown', async () => {
    const { taken, io } = await read([mesh('default'), timeout('a'), secret, timeout('b')])
    expect(taken).toEqual(['MeshTimeout/default/a', 'MeshTimeout/default/b'])
    expect(io.errLines.join('\n')).toMatch(
      /^zonelab: 2 policies of .*export.yaml taken into the run's mesh; 2 others not: Mesh, Secret$/,
    )
    expect(JSON.stringify(io)).not.toContain(SECRET)
  })

  test.each([
    [
      'a name that is there twice',
      [timeout('a'), timeout('b'), timeout('a')],
      'export.yaml:11:1: MeshTimeout "a" is at ',
    ],
    [
      'two names that the run could not tell apart',
      [timeout('c', 'a-b'), timeout('b-c', 'a')],
      'MeshTimeout "b-c" is at ',
    ],
    [
      'a mesh that it does not have',
      [mesh('default'), timeout('a', 'nowhere')],
      'export.yaml:5:1: mesh: there is no Mesh "nowhere"',
    ],
    [
      'nothing that a run could take',
      [mesh('default'), secret],
      'there is no policy in it that a run could take, only Mesh, Secret',
    ],
    ['nothing at all', [''], 'there is no policy in it that a run could take'],
    ['a type that nobody knows', ['type: MeshFoo\nname: a\n'], 'export.yaml:1:1: type: there is no type "MeshFoo"'],
    ['no name', [timeout('')], 'export.yaml:3:1: name: cannot be empty'],
    ['no YAML', ['type: [\n'], 'export.yaml:'],
  ])('with %s is refused by its place', async (_what, documents, why) => {
    await expect(read(documents)).rejects.toThrow(why)
  })

  test('is refused where nothing could be written', async () => {
    await expect(read([timeout('a')], { target: 'grpc://127.0.0.1:1' })).rejects.toThrow('--resources: ')
  })
})
