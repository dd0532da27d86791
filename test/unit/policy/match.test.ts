import { expect, test } from 'vitest'
import type { Json } from '../../../src/model/json.js'
import type { Labels } from '../../../src/model/labels.js'
import { sectionsOf, selectSections } from '../../../src/policy/match.js'
import { stored } from '../../support/stored-resource.js'

const web = stored('Dataplane', 'web-1', {
  labels: {
    app: 'web',
    'kuma.io/display-name': 'web-1',
    'kuma.io/origin': 'zone',
    'kuma.io/zone': 'east',
    'k8s.kuma.io/namespace': 'shop',
  },
  spec: {
    networking: {
      address: '10.0.0.1',
      inbound: [
        { port: 80, name: 'http', protocol: 'http' },
        { port: 90, address: '10.0.0.2' },
      ],
    },
  },
})
const policy = (targetRef: Json, labels: Labels = {}) => stored('MeshTimeout', 'p', { labels, spec: { targetRef } })
const selected = (...args: Parameters<typeof policy>) => {
  const selection = selectSections(policy(...args), web)
  return selection.selected ? selection.sections.map(({ name }) => name) : selection.reason
}
const role = (word: string, namespace: string) => ({
  'kuma.io/policy-role': word,
  'k8s.kuma.io/namespace': namespace,
})

test('a section is an inbound or listener by its name, else its port', () => {
  const proxy = stored('Dataplane', 'proxy', {
    spec: { networking: { address: '10.0.0.9', listeners: [{ type: 'ZoneIngress', port: 10001 }] } },
  })
  expect(sectionsOf(web).concat(sectionsOf(proxy))).toEqual([
    { name: 'http', kind: 'inbound', address: '10.0.0.1', port: 80, protocol: 'http' },
    { name: '90', kind: 'inbound', address: '10.0.0.2', port: 90, protocol: 'tcp' },
    { name: '10001', kind: 'listener', address: '10.0.0.9', port: 10001, protocol: 'tcp' },
  ])
})

test.each([
  ['the mesh', { kind: 'Mesh' }, {}, ['http', '90']],
  ['every dataplane', { kind: 'Dataplane' }, {}, ['http', '90']],
  ['a label', { kind: 'Dataplane', labels: { app: 'web' } }, {}, ['http', '90']],
  ['the display name', { kind: 'Dataplane', labels: { 'kuma.io/display-name': 'web-1' } }, {}, ['http', '90']],
  ['another label', { kind: 'Dataplane', labels: { app: 'db' } }, {}, 'the dataplane has no label app: db'],
  ['an inbound by name', { kind: 'Dataplane', sectionName: 'http' }, {}, ['http']],
  ['an inbound by port', { kind: 'Dataplane', sectionName: '90' }, {}, ['90']],
  [
    'a named one not by port',
    { kind: 'Dataplane', sectionName: '80' },
    {},
    'the dataplane has no inbound or listener named 80',
  ],
  ['its own zone', { kind: 'Mesh' }, { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'east' }, ['http', '90']],
  [
    'another zone',
    { kind: 'Mesh' },
    { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'west' },
    'the policy was made in zone west and holds there only',
  ],
  [
    'a producer of another zone',
    { kind: 'Mesh' },
    { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'west', ...role('producer', 'other') },
    ['http', '90'],
  ],
  ['a consumer here', { kind: 'Mesh' }, role('consumer', 'shop'), ['http', '90']],
  [
    'a consumer elsewhere',
    { kind: 'Mesh' },
    role('consumer', 'other'),
    'a consumer policy holds in its own namespace only (other)',
  ],
  ['a kind of old', { kind: 'MeshSubset' }, {}, 'targetRef kind MeshSubset is not a known kind'],
] as const)('a policy for %s', (_whom, targetRef, labels, expected) => {
  expect(selected(targetRef, labels)).toEqual(expected)
})

test('a dataplane without inbounds is selected only as a gateway', () => {
  const bare = stored('Dataplane', 'bare', { spec: { networking: { address: '10.0.0.3' } } })
  const gateway = stored('Dataplane', 'gw', { spec: { networking: { address: '10.0.0.4', gateway: {} } } })
  expect(selectSections(policy({ kind: 'Mesh' }), bare).selected).toBe(false)
  expect(selectSections(policy({ kind: 'Mesh' }), gateway)).toEqual({ selected: true, sections: [] })
})
