import { describe, expect, test } from 'vitest'
import { globalDefaults, meshDefaults, zoneDefaults } from '../../../src/model/defaults.js'
import { parseJson } from '../../../src/model/json.js'
import { validateSpec } from '../../../src/model/validation.js'

const names = (drafts: readonly { name: string }[]) => drafts.map(({ name }) => name).sort()

describe('default resources', () => {
  test('a mesh starts with four policies, which go with it', () => {
    const drafts = meshDefaults('m1', [])
    expect(names(drafts)).toEqual([
      'mesh-circuit-breaker-all-m1',
      'mesh-retry-all-m1',
      'mesh-timeout-all-m1',
      'mesh-timeout-to-all-m1',
    ])
    for (const draft of drafts) {
      expect(draft.owner).toEqual({ type: 'Mesh', mesh: undefined, name: 'm1' })
      expect(draft.labels).toEqual({
        'kuma.io/display-name': draft.name,
        'kuma.io/mesh': 'm1',
        'kuma.io/origin': 'global',
      })
    }
  })

  test('a mesh may skip a type or all', () => {
    expect(names(meshDefaults('m', ['MeshTimeout', 'Other']))).toEqual([
      'mesh-circuit-breaker-all-m',
      'mesh-retry-all-m',
    ])
    expect(meshDefaults('m', ['MeshRetry', '*'])).toEqual([])
  })

  test('a global names what is synced, a zone what is its own', () => {
    expect(names(globalDefaults())).toEqual([
      'synced-headless-kube-mesh-service',
      'synced-kube-mesh-service',
      'synced-mesh-external-service',
      'synced-mesh-multi-zone-service',
      'synced-universal-mesh-service',
    ])
    expect(globalDefaults().every(({ labels }) => Object.keys(labels).length === 0)).toBe(true)
    expect(names(zoneDefaults())).toEqual(['local-mesh-external-service', 'local-universal-mesh-service'])
    expect(zoneDefaults().every(({ labels }) => labels['kuma.io/origin'] === 'zone')).toBe(true)
  })

  test('every default is what its own type would store', () => {
    for (const { type, name, spec } of [...globalDefaults(), ...zoneDefaults(), ...meshDefaults('m', [])]) {
      expect(validateSpec(type, parseJson(spec)), name).toEqual({ ok: true, spec: parseJson(spec) })
    }
  })
})
