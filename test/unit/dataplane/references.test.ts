import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { type References, referencesOf } from '../../../src/dataplane/references.js'
import { isJsonObject, type Json, type JsonObject } from '../../../src/model/json.js'
import { decodeXdsResponse, encodeDeltaResponse } from '../../../src/wire/delta-codec.js'
import {
  ENVOY_TYPE_URL,
  type EnvoyJson,
  type EnvoyKind,
  encodeEnvoy,
  typedConfig,
} from '../../../src/wire/envoy-codec.js'
import { cluster, listener } from '../../support/envoy-snapshot.js'

const FOLDER = 'test/fixtures/snapshot'
const MEMBERS = { cluster: 'clusters', endpoint: 'endpoints', listener: 'listeners', secret: 'secrets' } as const

function encoded<K extends EnvoyKind>(kind: K, name: string, json: EnvoyJson<K>): Uint8Array {
  const resources = [encodeEnvoy(kind, name, json).bytes]
  const response = encodeDeltaResponse({ type: '', nonce: '1', resources, removed: [], controlPlane: '' })
  return decodeXdsResponse(response).resources[0]?.payload.value ?? new Uint8Array()
}

function read<K extends EnvoyKind>(kind: K, name: string, json: EnvoyJson<K>): References {
  return referencesOf(kind, name, ENVOY_TYPE_URL[kind], encoded(kind, name, json))
}

interface Sample {
  readonly kind: EnvoyKind
  readonly name: string
  readonly json: JsonObject
}

/** All that the snapshots of the golden files hold. */
const SAMPLES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.output.json'))
  .flatMap((file) => {
    const output = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))
    return (Object.keys(MEMBERS) as EnvoyKind[]).flatMap((kind): Sample[] =>
      Object.entries(output[MEMBERS[kind]]).map(([name, value]) => {
        const { '@type': _type, ...json } = value as JsonObject
        return { kind, name, json }
      }),
    )
  })

/** The same from a resource's JSON, in which everything can be seen: what reading the bytes must come to. */
function fromJson({ kind, name, json }: Sample): References {
  const objects = [...objectsIn(json)]
  const secrets = objects.flatMap((one) => (isJsonObject(one.sds_config) ? [String(one.name)] : []))
  const routed = objects
    .filter((one) => Array.isArray(one.virtual_hosts) && one.validate_clusters !== false)
    .flatMap((one) => [...objectsIn(one.virtual_hosts)])
    .flatMap((one) => {
      const weighted = isJsonObject(one.weighted_clusters) ? [...objectsIn(one.weighted_clusters.clusters)] : []
      const named = weighted.filter(({ weight }) => weight !== undefined).map((each) => String(each.name))
      return typeof one.cluster === 'string' ? [one.cluster, ...named] : named
    })
  const socket = (json.address as JsonObject | undefined)?.socket_address as JsonObject | undefined
  const eds = json.eds_cluster_config as JsonObject | undefined
  return {
    assignment: kind === 'cluster' && json.type === 'EDS' ? String(eds?.service_name || name) : undefined,
    secrets: [...new Set(secrets)].sort(),
    address: kind === 'listener' && socket ? `${socket.address}:${socket.port_value ?? 0}` : undefined,
    clusters: [...new Set(routed)].sort(),
  }
}

function* objectsIn(value: Json | undefined): Generator<JsonObject> {
  if (Array.isArray(value)) for (const item of value) yield* objectsIn(item)
  if (!isJsonObject(value)) return
  yield value
  for (const member of Object.values(value)) yield* objectsIn(member)
}

describe('what a resource refers to', () => {
  test('is read from its bytes as it is seen in its JSON', () => {
    expect(SAMPLES.length).toBeGreaterThan(50)
    const all = SAMPLES.map((sample) => {
      const { secrets, clusters, ...rest } = read(sample.kind, sample.name, sample.json)
      return { ...rest, secrets: [...secrets].sort(), clusters: [...clusters].sort() }
    })
    expect(all).toEqual(SAMPLES.map(fromJson))
    for (const what of ['assignment', 'address'] as const) expect(all.some((one) => one[what] !== undefined)).toBe(true)
    expect(all.some(({ secrets }) => secrets.length > 0)).toBe(true)
  })

  test('of a cluster is the assignment that it names, else its own', () => {
    const edsClusterConfig = { serviceName: 'other', edsConfig: { ads: {} } }
    expect(read('cluster', 'a', cluster('a', { edsClusterConfig })).assignment).toBe('other')
    expect(read('cluster', 'a', cluster('a')).assignment).toBe('a')
    expect(read('cluster', 'a', { name: 'a', type: 'STATIC' }).assignment).toBeUndefined()
  })

  test.each([
    [undefined, ['direct', 'mirrored', 'weighted']],
    [true, ['direct', 'mirrored', 'weighted']],
    [false, []],
  ])('of a listener is what its routes lead to, with validate_clusters %s', (validateClusters, clusters) => {
    const direct = { cluster: 'direct', requestMirrorPolicies: [{ cluster: 'mirrored' }] }
    const weighted = { weightedClusters: { clusters: [{ name: 'weighted', weight: 1 }, { name: 'unweighted' }] } }
    const routes = [direct, weighted].map((route) => ({ match: { prefix: '/' }, route }))
    const config = typedConfig('HttpConnectionManager', {
      routeConfig: {
        ...(validateClusters !== undefined && { validateClusters }),
        virtualHosts: [{ name: 'all', domains: ['*'], routes }],
      },
    })
    const filters = [{ name: 'hcm', typedConfig: config }]
    const found = read('listener', 'l', { ...listener('l', 80), filterChains: [{ filters }] })
    expect([...found.clusters].sort()).toEqual(clusters)
    expect(found.address).toBe('127.0.0.1:80')
  })

  test('of a listener without a filter chain, or of an assignment for another cluster, is why Envoy refuses it', () => {
    expect(() => read('listener', 'l', { name: 'l' })).toThrow('listener l has no filter chain')
    expect(() => read('endpoint', 'a', { clusterName: 'b' })).toThrow('the load assignment a says that it is for "b"')
  })
})

test('bytes cut short or altered are read, or refused as undecodable or invalid, and nothing else', () => {
  const some = fc.constantFrom(...SAMPLES.slice(0, 60))
  fc.assert(
    fc.property(some, fc.nat(), fc.nat(255), fc.boolean(), ({ kind, name, json }, at, byte, cut) => {
      const bytes = encoded(kind, name, json)
      const altered = cut ? bytes.slice(0, at % bytes.length) : bytes.with(at % bytes.length, byte)
      try {
        referencesOf(kind, name, ENVOY_TYPE_URL[kind], altered)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(AppError)
        expect(['undecodable', 'invalid-resource']).toContain((thrown as AppError).code)
      }
    }),
    { numRuns: 500 },
  )
})
