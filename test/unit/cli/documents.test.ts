import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Input } from '../../../src/cli/command.js'
import { readDocuments } from '../../../src/cli/documents.js'
import { parseType } from '../../../src/cli/type-names.js'
import { specFromFlags } from '../../../src/cli/up-spec.js'

const read = (text: string) => readDocuments([{ name: 'f.yaml', text }])

test('every example is valid, says in a sentence what it is for, and there are a dozen policies', async () => {
  const files = readdirSync('examples', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'))
  const sources = files.map((file) => ({ name: file, text: readFileSync(join('examples', file), 'utf8') }))
  expect(sources.filter(({ text }) => !/^# [A-Z].+[.?]\)?$/m.test(text)).map(({ name }) => name)).toEqual([])
  const { resources, skipped } = readDocuments(sources)
  const scenarios = files.filter((file) => file.startsWith('load/'))
  expect(skipped.filter(({ kind }) => kind === 'Topology').map(({ where }) => where)).toEqual(['topology.yaml:3:1'])
  expect(skipped.filter(({ kind }) => kind === 'Scenario')).toHaveLength(scenarios.length)
  expect(resources.filter(({ where }) => where.startsWith('policies/')).length).toBeGreaterThanOrEqual(12)
  const spec = await specFromFlags(new Input([], { file: 'examples/topology.yaml' }))
  expect(spec?.topology.zones).toHaveLength(3)
})

test('meshes come first and policies last, in the order in which their kinds take effect', () => {
  const { resources } = read(`
type: MeshRetry
name: r
spec: { to: [{ targetRef: { kind: Mesh }, default: { tcp: { maxConnectAttempt: 2 } } }] }
---
type: MeshTimeout
name: t
spec: { to: [{ targetRef: { kind: Mesh }, default: { idleTimeout: 1s } }] }
---
type: Mesh
name: blue
`)
  expect(resources.map(({ type, mesh, name }) => [type, mesh, name])).toEqual([
    ['Mesh', undefined, 'blue'],
    ['MeshTimeout', 'default', 't'],
    ['MeshRetry', 'default', 'r'],
  ])
})

test("Kubernetes' form is read as Kuma's own", () => {
  const { resources } = read(`
apiVersion: kuma.io/v1alpha1
kind: MeshTimeout
metadata: { name: t, namespace: kuma-system, labels: { kuma.io/mesh: blue } }
spec: { to: [{ targetRef: { kind: Mesh }, default: { idleTimeout: 1s } }] }
`)
  expect(resources).toMatchObject([{ type: 'MeshTimeout', mesh: 'blue', name: 't' }])
})

test.each([
  ['type: MeshTimeuot\nname: t\n', 'f.yaml:1:1: type: there is no type "MeshTimeuot"'],
  ['name: t\n', 'f.yaml:1:1: type: is missing'],
  ['- 1\n', 'f.yaml:1:1: a resource is a map with type, name and mesh'],
  ['type: Mesh\nname: "A B"\n', 'f.yaml:2:1: name: '],
  [
    'type: MeshTimeout\nname: t\nspec:\n  to:\n    - default: { idleTimeout: 1s }\n      targetRef:\n        kind: Foo\n',
    'f.yaml:7:9: spec.to[0].targetRef.kind: ',
  ],
])('a mistake is named with file, line and column (%#)', (text, message) => {
  expect(() => read(text)).toThrow(message)
})

test('all mistakes of all documents are named before anything is written', () => {
  expect(() => read('type: A\nname: a\n---\ntype: B\nname: b\n')).toThrow(/f\.yaml:1:1: .*\nf\.yaml:4:1: /)
})

test('a type goes by its name, its path and its short name', () => {
  expect(['MeshTimeout', 'meshtimeout', 'meshtimeouts', 'mt'].map(parseType)).toEqual(Array(4).fill('MeshTimeout'))
  expect(() => parseType('timeouts')).toThrow('there is no type "timeouts"; did you mean MeshTimeout?')
})
