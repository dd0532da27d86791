import { describe, expect, test } from 'vitest'
import {
  checkImmutableLabels,
  checkLabels,
  checkOrigin,
  computeLabels,
  policyRole,
  workloadLabelFault,
} from '../../../src/model/compute-labels.js'
import type { ResourceType } from '../../../src/model/registry.js'
import { writeRefusal } from '../../../src/model/write-rules.js'

const GLOBAL = { mode: 'global' } as const
const ZONE = { mode: 'zone', zone: 'east' } as const
const write = (type: ResourceType, labels: Record<string, string> = {}, spec = {}) =>
  ({ type, mesh: type === 'Mesh' || type === 'Zone' ? undefined : 'default', name: 'x', labels, spec }) as const

describe('computed labels', () => {
  test('a global adds origin, mesh and display name', () => {
    expect(computeLabels(GLOBAL, write('MeshTimeout', { team: 'a', 'kuma.io/display-name': 'other' }))).toEqual({
      team: 'a',
      'kuma.io/display-name': 'x',
      'kuma.io/mesh': 'default',
      'kuma.io/origin': 'global',
    })
    expect(computeLabels(GLOBAL, write('Mesh'))).toEqual({ 'kuma.io/display-name': 'x', 'kuma.io/origin': 'global' })
  })

  test('a zone adds its name and environment to what zones author', () => {
    expect(computeLabels(ZONE, write('MeshTimeout'))).toMatchObject({
      'kuma.io/origin': 'zone',
      'kuma.io/zone': 'east',
      'kuma.io/env': 'universal',
    })
    expect(computeLabels(ZONE, write('MeshTimeout', { 'kuma.io/env': 'kubernetes' }))).toMatchObject({
      'kuma.io/env': 'kubernetes',
    })
    expect(computeLabels(ZONE, write('Mesh'))).not.toHaveProperty('kuma.io/zone')
  })

  test('a dataplane is labelled by its listeners, whatever it said', () => {
    const spec = { networking: { listeners: [{ type: 'ZoneIngress' }] } }
    const said = { 'kuma.io/listener-zoneegress': 'enabled', 'kuma.io/proxy-type': 'ingress' }
    const labels = computeLabels(ZONE, write('Dataplane', said, spec))
    expect(labels).toHaveProperty('kuma.io/listener-zoneingress', 'enabled')
    expect(labels).not.toHaveProperty('kuma.io/listener-zoneegress')
    expect(labels).not.toHaveProperty('kuma.io/proxy-type')
  })
})

describe('stated labels', () => {
  const field = 'labels["kuma.io/origin"]'

  test.each([
    ['MeshTimeout', {}, []],
    ['MeshTimeout', { 'kuma.io/origin': 'global', 'kuma.io/zone': 'z', 'kuma.io/mesh': 'm' }, []],
    ['MeshTimeout', { 'kuma.io/origin': 'zone' }, [{ field, reason: "the origin label must be set to 'global'" }]],
    [
      'MeshTimeout',
      { 'kuma.io/origin': 'bogus' },
      [
        { field, reason: 'unknown resource origin "bogus"' },
        { field, reason: "the origin label must be set to 'global'" },
      ],
    ],
    [
      'MeshTimeout',
      { 'kuma.io/policy-role': 'consumer' },
      [
        {
          field: 'labels["kuma.io/policy-role"]',
          reason: 'kuma.io/policy-role label should have system value, got consumer',
        },
      ],
    ],
    ['MeshExternalService', { 'kuma.io/policy-role': 'consumer' }, []],
  ] as const)('on a global %s with %j', (type, labels, violations) => {
    expect(checkLabels(GLOBAL, write(type, labels))).toEqual(violations)
  })

  test('a zone wants its origin on plugin types, its own name and the right mesh', () => {
    const wanted = [{ field, reason: "the origin label must be set to 'zone'" }]
    expect(checkLabels(ZONE, write('MeshTimeout'))).toEqual(wanted)
    expect(checkLabels(ZONE, write('MeshTimeout', { 'kuma.io/origin': 'global' }))).toEqual(wanted)
    expect(checkLabels(ZONE, write('Dataplane'))).toEqual([])
    const elsewhere = { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'west', 'kuma.io/mesh': 'm' }
    expect(checkLabels(ZONE, write('MeshTimeout', elsewhere))).toEqual([
      { field: 'labels["kuma.io/zone"]', reason: 'kuma.io/zone label should have east value' },
      { field: 'labels["kuma.io/mesh"]', reason: 'kuma.io/mesh label must not differ from mesh set on resource' },
    ])
  })

  test('keys and values are Kubernetes labels', () => {
    expect(checkLabels(GLOBAL, write('Mesh', { 'a b': '-' })).map((violation) => violation.field)).toEqual([
      'labels["a b"]',
      'labels["a b"]',
    ])
  })

  test('what came from a zone is not the global’s to delete', () => {
    expect(checkOrigin(GLOBAL, 'MeshTimeout', { 'kuma.io/origin': 'zone' })).toHaveLength(1)
    expect(checkOrigin(ZONE, 'MeshTimeout', { 'kuma.io/origin': 'zone' })).toEqual([])
  })

  test('an update stays in its zone', () => {
    const stored = { 'kuma.io/zone': 'east' }
    expect(checkImmutableLabels(stored, stored)).toEqual([])
    expect(checkImmutableLabels({}, stored)).toEqual([])
    expect(checkImmutableLabels(stored, { 'kuma.io/zone': 'west' })[0]?.reason).toBe(
      'is immutable, cannot be changed from "east" to "west"',
    )
    expect(checkImmutableLabels(stored, {})[0]?.reason).toBe('is immutable, cannot be removed (was "east")')
  })

  test('a workload label names a resource', () => {
    expect(workloadLabelFault({ 'kuma.io/workload': 'shop' })).toBeUndefined()
    expect(workloadLabelFault({})).toBeUndefined()
    expect(workloadLabelFault({ 'kuma.io/workload': 'Bad.Name' })).toMatch(
      /^labels\["kuma.io\/workload"\]: must be a valid DNS-1035 label/,
    )
  })
})

describe('the role of a policy', () => {
  const to = (kind: string, labels: Record<string, string>) => ({ targetRef: { kind, labels } })
  const own = to('MeshService', { 'kuma.io/display-name': 'redis' })
  const others = to('MeshService', { 'kuma.io/display-name': 'redis', 'k8s.kuma.io/namespace': 'other' })

  test.each([
    ['no namespace', { to: [own] }, undefined, 'system'],
    ['no `to`', { rules: [] }, 'shop', 'workload-owner'],
    ['its own service', { to: [own] }, 'shop', 'producer'],
    [
      'a route of its namespace',
      { to: [to('MeshHTTPRoute', { 'kuma.io/display-name': 'r', 'k8s.kuma.io/namespace': 'shop' })] },
      'shop',
      'producer',
    ],
    ['another namespace', { to: [others] }, 'shop', 'consumer'],
    ['services by other labels', { to: [to('MeshService', { app: 'redis' })] }, 'shop', 'consumer'],
    ['the mesh', { to: [{ targetRef: { kind: 'Mesh' } }] }, 'shop', 'consumer'],
    ['both', { to: [own, others] }, 'shop', undefined],
  ])('%s', (_what, spec, namespace, role) => {
    expect(policyRole(spec, namespace)).toBe(role)
  })
})

describe('who may write', () => {
  test.each([
    ['global', ['Dataplane', 'MeshService', 'MeshZoneAddress', 'Workload', 'ZoneInsight', 'DataplaneInsight']],
    ['zone', ['Mesh', 'MeshMultiZoneService', 'ZoneInsight', 'MeshInsight']],
  ] as const)('a %s refuses', (mode, types) => {
    for (const type of types)
      expect(writeRefusal(type, mode), type).toMatch(new RegExp(`^On ${mode} control plane .*\\n$`))
  })

  test.each([
    ['global', ['Mesh', 'Zone', 'MeshMultiZoneService', 'MeshTimeout', 'Secret', 'GlobalSecret']],
    ['zone', ['Dataplane', 'MeshService', 'MeshTimeout', 'MeshExternalService', 'Workload', 'Zone']],
  ] as const)('a %s takes', (mode, types) => {
    for (const type of types) expect(writeRefusal(type, mode), type).toBeUndefined()
  })
})
