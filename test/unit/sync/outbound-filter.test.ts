import { describe, expect, test } from 'vitest'
import type { ResourceType } from '../../../src/model/registry.js'
import { NODE_FEATURES, recipientClass } from '../../../src/sync/features.js'
import { goesDown, goesUp } from '../../../src/sync/outbound-filter.js'
import { type StoredParts, stored } from '../../support/stored-resource.js'

const ALL = recipientClass(NODE_FEATURES)
const PRODUCED = {
  to: [{ targetRef: { kind: 'MeshService', labels: { 'kuma.io/display-name': 'backend' } }, default: {} }],
}
const CONSUMED = { to: [{ targetRef: { kind: 'MeshService', name: 'backend' }, default: {} }] }
const OF_ZONE = { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'zone-2' }
const OF_NAMESPACE = { ...OF_ZONE, 'k8s.kuma.io/namespace': 'shop', 'kuma.io/policy-role': 'producer' }

/** kds.md §4.5, rule by rule. */
const DOWN: readonly [rule: string, type: ResourceType, name: string, parts: StoredParts, sent: boolean][] = [
  ['1: withheld by label', 'Mesh', 'm', { labels: { 'kuma.io/kds-sync': 'disabled' } }, false],
  ['1: any other value of that label', 'Mesh', 'm', { labels: { 'kuma.io/kds-sync': 'enabled' } }, true],
  ['2: the cluster id', 'Config', 'kuma-cluster-id', {}, true],
  ['2: the cluster id, whatever its origin', 'Config', 'kuma-cluster-id', { labels: OF_ZONE }, true],
  ['2: another Config', 'Config', 'cp-catalog', {}, false],
  ['3: the admin CA of proxies', 'GlobalSecret', 'envoy-admin-ca', {}, false],
  ['3: the admin user token', 'GlobalSecret', 'admin-user-token', {}, false],
  ['3: the CA between instances', 'GlobalSecret', 'inter-cp-ca', {}, false],
  ['3: user token revocations', 'GlobalSecret', 'user-token-revocations', {}, false],
  ['3: a user signing key', 'GlobalSecret', 'user-token-signing-key-1', {}, false],
  ['3: a user signing public key', 'GlobalSecret', 'user-token-signing-key', {}, false],
  ['3: a zone signing key', 'GlobalSecret', 'zone-token-signing-key-1', {}, true],
  ['3: zone token revocations', 'GlobalSecret', 'zone-token-revocations', {}, true],
  ['3: an admin secret of its own', 'GlobalSecret', 'mine', {}, true],
  ['4: a policy made at the global', 'MeshTimeout', 't', {}, true],
  ['4: a policy that says it is the global’s', 'MeshTimeout', 't', { labels: { 'kuma.io/origin': 'global' } }, true],
  ['4: a Secret', 'Secret', 's', {}, true],
  ['4: a MeshMultiZoneService', 'MeshMultiZoneService', 's', {}, true],
  ['5: a service of a zone', 'MeshService', 's', { labels: OF_ZONE }, true],
  ['5: an address of a zone', 'MeshZoneAddress', 's', { labels: OF_ZONE }, true],
  ['5: a producer policy', 'MeshTimeout', 't', { labels: OF_NAMESPACE, spec: PRODUCED }, true],
  [
    '5: a policy that only says it is a producer’s',
    'MeshTimeout',
    't',
    { labels: OF_NAMESPACE, spec: CONSUMED },
    false,
  ],
  [
    '5: one that is a producer’s and does not say so',
    'MeshTimeout',
    't',
    { labels: { ...OF_NAMESPACE, 'kuma.io/policy-role': 'consumer' }, spec: PRODUCED },
    false,
  ],
  [
    '5: a producer’s without a namespace',
    'MeshTimeout',
    't',
    { labels: { ...OF_ZONE, 'kuma.io/policy-role': 'producer' }, spec: PRODUCED },
    false,
  ],
  [
    '5: a policy of half a producer',
    'MeshTimeout',
    't',
    { labels: OF_NAMESPACE, spec: { to: [...PRODUCED.to, ...CONSUMED.to] } },
    false,
  ],
  ['5: a policy of a zone', 'MeshTimeout', 't', { labels: OF_ZONE }, false],
  ['6: a service authored at the global', 'MeshService', 's', {}, false],
  ['6: a trust of a zone', 'MeshTrust', 't', { labels: OF_ZONE }, false],
  ['6: an external service of a zone', 'MeshExternalService', 's', { labels: OF_ZONE }, false],
  ['6: a Dataplane', 'Dataplane', 'dp', { labels: OF_ZONE }, false],
  ['6: an insight', 'DataplaneInsight', 'dp', {}, false],
  ['6: a Workload', 'Workload', 'w', { labels: OF_ZONE }, false],
  ['6: a Zone', 'Zone', 'zone-2', {}, false],
]

describe('what goes down', () => {
  test.each(DOWN)('rule %s', (_rule, type, name, parts, sent) => {
    expect(goesDown(stored(type, name, parts), ALL)).toBe(sent)
  })

  test('a generator for services of many zones needs a zone that says it knows them', () => {
    const generator = stored('HostnameGenerator', 'g', { spec: { selector: { meshMultiZoneService: {} } } })
    const other = stored('HostnameGenerator', 'g', { spec: { selector: { meshService: {} } } })
    const old = recipientClass(['hash-suffix'])
    expect([goesDown(generator, ALL), goesDown(generator, old), goesDown(other, old)]).toEqual([true, false, true])
  })

  test('a producer policy needs a zone that says it takes them', () => {
    const policy = stored('MeshTimeout', 't', { labels: OF_NAMESPACE, spec: PRODUCED })
    const old = recipientClass(NODE_FEATURES.filter((feature) => feature !== 'producer-policy-flow'))
    expect(goesDown(policy, old)).toBe(false)
  })
})

describe('what goes up', () => {
  test.each([
    ['its own, by origin', { 'kuma.io/origin': 'zone' }, true],
    ['its own, without a word', {}, true],
    ['a copy from the global', { 'kuma.io/origin': 'global' }, false],
    ['withheld by label', { 'kuma.io/origin': 'zone', 'kuma.io/kds-sync': 'disabled' }, false],
  ] as const)('%s', (_what, labels, sent) => {
    expect(goesUp(stored('Dataplane', 'dp', { labels }))).toBe(sent)
  })
})
