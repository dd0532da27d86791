import { beforeEach, describe, expect, test } from 'vitest'
import { Configuration } from '../../../src/dataplane/configuration.js'
import { ResourcePool } from '../../../src/dataplane/resource-pool.js'
import type { DeltaResource } from '../../../src/protocol/messages.js'
import type { Outcome } from '../../../src/protocol/ports.js'
import { decodeXdsResponse, encodeDeltaResponse } from '../../../src/wire/delta-codec.js'
import {
  ENVOY_TYPE_URL,
  type EnvoyJson,
  type EnvoyKind,
  encodeEnvoy,
  typedConfig,
} from '../../../src/wire/envoy-codec.js'
import type { AnyValue } from '../../../src/wire/spec-codec.js'
import { cluster, endpoints, listener, staticCluster } from '../../support/envoy-snapshot.js'

function received<K extends EnvoyKind>(kind: K, name: string, json: EnvoyJson<K>): DeltaResource<AnyValue> {
  const resources = [encodeEnvoy(kind, name, json).bytes]
  const bytes = encodeDeltaResponse({
    type: ENVOY_TYPE_URL[kind],
    nonce: '1',
    resources,
    removed: [],
    controlPlane: '',
  })
  const [resource] = decodeXdsResponse(bytes).resources
  if (!resource) throw new Error('one resource was encoded')
  return resource
}

let pool: ResourcePool
let configuration: Configuration
beforeEach(() => {
  pool = new ResourcePool()
  configuration = new Configuration(pool)
})

function receive(kind: EnvoyKind, resources: DeltaResource<AnyValue>[], removed: string[] = []): Outcome {
  const batch = { type: ENVOY_TYPE_URL[kind], wholeTruth: false, resources, removed }
  return configuration.receive(kind, batch, 0)
}

function reasons(outcome: Outcome): string[] {
  return outcome.kind === 'refused' ? outcome.refusals.map(({ reason }) => reason) : [outcome.kind]
}

function active(kind: EnvoyKind): string[] {
  return [...configuration.active(kind).keys()].sort()
}

describe('as Envoy, a proxy refuses a response whole', () => {
  test('with a name twice', () => {
    const outcome = receive('cluster', [
      received('cluster', 'a', staticCluster('a')),
      received('cluster', 'b', staticCluster('b', 1)),
      received('cluster', 'b', staticCluster('b', 2)),
    ])
    expect(reasons(outcome)).toEqual([
      'a: duplicate name b among the resources of one response',
      'b: duplicate name b among the resources of one response',
    ])
    expect(active('cluster')).toEqual([])
  })

  test('with a name both sent and removed', () => {
    receive('cluster', [received('cluster', 'a', staticCluster('a', 1))])
    const outcome = receive('cluster', [received('cluster', 'a', staticCluster('a', 2))], ['a'])
    expect(reasons(outcome)).toEqual(['a: a is both sent and removed in one response'])
    expect(active('cluster')).toEqual(['a'])
  })

  test('with a resource of another type', () => {
    const outcome = receive('cluster', [received('listener', 'l', listener('l', 80))])
    expect(reasons(outcome)[0]).toMatch(/^l: l is a .*Listener in a response of .*Cluster$/)
  })
})

describe('as Envoy, a proxy refuses one resource and takes the others', () => {
  test('that does not decode', () => {
    const broken = { name: 'b', version: '1', payload: { typeUrl: ENVOY_TYPE_URL.cluster, value: Uint8Array.of(0xff) } }
    const outcome = receive('cluster', [broken, received('cluster', 'a', staticCluster('a'))])
    expect(reasons(outcome)).toEqual([expect.stringMatching(/do not decode/)])
    expect(active('cluster')).toEqual(['a'])
  })

  test('that listens where another listener does, in the order in which they come', () => {
    receive('listener', [received('listener', 'a', listener('a', 80))])
    const moves = [received('listener', 'b', listener('b', 80)), received('listener', 'a', listener('a', 81))]
    expect(reasons(receive('listener', moves))).toEqual([
      "error adding listener: 'b' has duplicate address '127.0.0.1:80' as existing listener 'a'",
    ])
    expect(receive('listener', [received('listener', 'b', listener('b', 80))])).toEqual({ kind: 'applied' })
    expect(receive('listener', [received('listener', 'c', listener('c', 81))], ['a'])).toEqual({ kind: 'applied' })
    const swap = [received('listener', 'c', listener('c', 82)), received('listener', 'd', listener('d', 81))]
    expect(receive('listener', swap)).toEqual({ kind: 'applied' })
  })

  test('that has no filter chain', () => {
    const bare = { name: 'l', address: { socketAddress: { address: '127.0.0.1', portValue: 80 } } }
    expect(reasons(receive('listener', [received('listener', 'l', bare)]))).toEqual(['listener l has no filter chain'])
  })

  test('that is a load assignment for another cluster', () => {
    receive('cluster', [received('cluster', 'backend', cluster('backend'))])
    const outcome = receive('endpoint', [received('endpoint', 'backend', endpoints('other', 80))])
    expect(reasons(outcome)).toEqual(['the load assignment backend says that it is for "other"'])
    expect([...configuration.warming.keys()]).toEqual(['backend'])
  })

  test('whose inline route finds no cluster, unless it does not ask for that', () => {
    const strict = received('listener', 'strict', http('strict', 80, undefined))
    expect(reasons(receive('listener', [strict]))).toEqual([
      "listener strict has a route to the unknown cluster 'backend'",
    ])
    expect(receive('listener', [received('listener', 'lax', http('lax', 81, false))])).toEqual({ kind: 'applied' })
    receive('cluster', [received('cluster', 'backend', staticCluster('backend'))])
    expect(receive('listener', [strict])).toEqual({ kind: 'applied' })
    const split = { weightedClusters: { clusters: [{ name: 'canary', weight: 1 }] } }
    const weighted = received('listener', 'weighted', http('weighted', 82, true, split))
    expect(reasons(receive('listener', [weighted]))).toEqual([
      "listener weighted has a route to the unknown cluster 'canary'",
    ])
  })

  test('and keeps its last good version, which is what it says it holds', () => {
    const good = received('listener', 'a', listener('a', 80))
    receive('listener', [good, received('listener', 'b', listener('b', 81))])
    receive('listener', [received('listener', 'a', listener('a', 81))])
    expect(configuration.versions('listener').get('a')).toBe(good.version)
    expect([...configuration.refused('listener').keys()]).toEqual(['a'])
    receive('listener', [good])
    expect(configuration.refused('listener').size).toBe(0)
  })
})

test('endpoints are asked for under the name that the cluster gives them', () => {
  const renamed = { ...cluster('c'), edsClusterConfig: { edsConfig: { ads: {} }, serviceName: 'service' } }
  receive('cluster', [received('cluster', 'c', renamed)])
  expect([...configuration.wanted.endpoint]).toEqual(['service'])
  receive('endpoint', [received('endpoint', 'service', endpoints('service', 80))])
  expect(active('cluster')).toEqual(['c'])
})

test('secrets are asked for where a transport socket names them, and dropped with it', () => {
  const sds = (name: string) => ({ name, sdsConfig: { ads: {} } })
  const tls = typedConfig('UpstreamTlsContext', {
    commonTlsContext: {
      tlsCertificateSdsSecretConfigs: [sds('identity')],
      combinedValidationContext: { defaultValidationContext: {}, validationContextSdsSecretConfig: sds('trust') },
    },
  })
  const secured = { ...staticCluster('c'), transportSocket: { name: 'tls', typedConfig: tls } }
  receive('cluster', [received('cluster', 'c', secured)])
  expect([...configuration.wanted.secret].sort()).toEqual(['identity', 'trust'])
  receive('secret', [received('secret', 'identity', { name: 'identity', validationContext: {} })])
  expect(active('secret')).toEqual(['identity'])
  receive('cluster', [], ['c'])
  expect([active('secret'), pool.size]).toEqual([[], 0])
})

test('proxies that hold the same version of a resource hold it once, and let go of it', () => {
  const other = new Configuration(pool)
  const batch = { type: ENVOY_TYPE_URL.cluster, wholeTruth: false, removed: [] }
  for (const each of [configuration, other]) {
    each.receive('cluster', { ...batch, resources: [received('cluster', 'a', staticCluster('a'))] }, 0)
  }
  expect(pool.size).toBe(1)
  expect(configuration.active('cluster').get('a')?.resource).toBe(other.active('cluster').get('a')?.resource)
  receive('cluster', [], ['a'])
  expect(pool.size).toBe(1)
  other.receive('cluster', { ...batch, resources: [], removed: ['a'] }, 0)
  expect(pool.size).toBe(0)
})

test('one version of two contents is not shared', () => {
  const first = received('cluster', 'a', staticCluster('a', 1))
  const second = { ...received('cluster', 'a', staticCluster('a', 2)), version: first.version }
  const one = pool.take('cluster', first)
  const two = pool.take('cluster', second)
  expect([two === one, Buffer.compare(two.bytes, second.payload.value)]).toEqual([false, 0])
  pool.release(two)
  expect(pool.take('cluster', first)).toBe(one)
})

function http(
  name: string,
  portValue: number,
  validateClusters: boolean | undefined,
  route: object = { cluster: 'backend' },
): EnvoyJson<'listener'> {
  const config = typedConfig('HttpConnectionManager', {
    statPrefix: name,
    routeConfig: {
      ...(validateClusters !== undefined && { validateClusters }),
      virtualHosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '/' }, route }] }],
    },
  })
  return { ...listener(name, portValue), filterChains: [{ filters: [{ name: 'hcm', typedConfig: config }] }] }
}
