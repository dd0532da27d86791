import { MESH, SERVICE, table } from './verdict.js'

const to = (conf: object, targetRef: object = MESH) => ({ to: [{ targetRef, default: conf }] })
const CONF = 'spec.to[0].default'
const crossZone = (failover: object) => ({ localityAwareness: { crossZone: { failover: [failover] } } })
const FAILOVER = `${CONF}.localityAwareness.crossZone.failover[0]`

table('MeshLoadBalancingStrategy', [
  [
    'a ring',
    to({
      loadBalancer: { type: 'RingHash', ringHash: { minRingSize: 1 } },
      hashPolicies: [{ type: 'Header', header: { name: 'a' } }],
    }),
    [],
  ],
  ['failover', to(crossZone({ from: { zones: ['a'] }, to: { type: 'Only', zones: ['b'] } })), []],
  [
    'too large a ring',
    to({ loadBalancer: { type: 'RingHash', ringHash: { maxRingSize: 9e6 } } }),
    [`${CONF}.loadBalancer.ringHash.maxRingSize: in body should be less than or equal to 8e+06`],
  ],
  [
    'a bias below zero',
    to({ loadBalancer: { type: 'LeastRequest', leastRequest: { activeRequestBias: '-0.1' } } }),
    [`${CONF}.loadBalancer.leastRequest.activeRequestBias: must be greater or equal then: 0`],
  ],
  [
    'hash policies without their blocks',
    to({
      hashPolicies: [
        { type: 'Cookie' },
        { type: 'Cookie', cookie: { name: 'c', path: 'x' } },
        { type: 'Connection' },
        { type: 'Header' },
        { type: 'QueryParameter' },
        { type: 'FilterState' },
      ],
    }),
    [
      `${CONF}.hashPolicies[0].cookie: must be defined`,
      `${CONF}.hashPolicies[1].cookie.path: must be an absolute path`,
      `${CONF}.hashPolicies[2].connection: must be defined`,
      `${CONF}.hashPolicies[3].header: must be defined`,
      `${CONF}.hashPolicies[4].queryParameter: must be defined`,
      `${CONF}.hashPolicies[5].filterState: must be defined`,
    ],
  ],
  [
    'more than hashing for a route',
    to({ loadBalancer: { type: 'Random' } }, { ...SERVICE, kind: 'MeshHTTPRoute' }),
    [`${CONF}.loadBalancer: field is not allowed when targetRef.kind is MeshHTTPRoute, only hashPolicies is supported`],
  ],
  [
    'other zones for a local service',
    to(crossZone({ to: { type: 'Any' } }), SERVICE),
    [`${CONF}.localityAwareness.crossZone: must not be set: MeshService traffic is local`],
  ],
  [
    'zones where there may be none',
    to(crossZone({ from: { zones: [] }, to: { type: 'None', zones: ['a'] } })),
    [`${FAILOVER}.from.zones: must not be empty`, `${FAILOVER}.to.zones: must be empty when type is None`],
  ],
  [
    'no zones where there must be',
    to(crossZone({ to: { type: 'AnyExcept' } })),
    [`${FAILOVER}.to.zones: must not be empty when type is AnyExcept`],
  ],
  [
    'weights on some tags, and a threshold of zero',
    to({
      localityAwareness: {
        localZone: { affinityTags: [{ key: 'a', weight: 0 }, { key: '' }] },
        crossZone: { failoverThreshold: { percentage: 0 } },
      },
    }),
    [
      `${CONF}.localityAwareness.localZone.affinityTags[0].weight: must be greater than 0`,
      `${CONF}.localityAwareness.localZone.affinityTags[1].key: must not be empty`,
      `${CONF}.localityAwareness.localZone.affinityTags: all or none affinity tags should have weight`,
      `${CONF}.localityAwareness.crossZone.failoverThreshold.percentage: must be greater than 0`,
    ],
  ],
])
