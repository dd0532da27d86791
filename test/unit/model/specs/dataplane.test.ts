import { expect, test } from 'vitest'
import { type Case, verdict } from './verdict.js'

const dataplane = (networking: object) => ({ networking: { address: '10.0.0.1', ...networking } })
const inbound = (conf: object) => dataplane({ inbound: [{ port: 80, ...conf }] })
const outbound = (backendRef: object, more: object = {}) =>
  dataplane({ outbound: [{ port: 3000, backendRef, ...more }] })
const listener = (conf: object = {}) => ({ type: 'ZoneIngress', address: '10.0.0.1', port: 10001, ...conf })
const DIFFER = 'serviceAddress and servicePort has to differ from address and port'
const KINDS = 'invalid value. Available values are: MeshExternalService,MeshMultiZoneService,MeshService'
const PORT = 'port must be in the range [1, 65535]'
const IN = 'networking.inbound[0]'
const OUT = 'networking.outbound[0]'
const AT = 'networking.listeners'

const CASES: readonly Case[] = [
  [
    'an outbound without a port',
    dataplane({ outbound: [{ backendRef: { kind: 'MeshService', name: 'a', port: 1 } }] }),
    [`${OUT}.port: ${PORT}`],
  ],
  ['an inbound', inbound({ name: 'http', protocol: 'http' }), []],
  ['a protocol in capitals', inbound({ protocol: 'TLS' }), []],
  ['an outbound by name', outbound({ kind: 'MeshService', name: 'a', port: 80 }), []],
  [
    'an outbound to an external service, which has no port',
    outbound({ kind: 'MeshExternalService', labels: { a: 'b' } }),
    [],
  ],
  ['a delegated gateway without tags', dataplane({ gateway: {} }), []],
  ['both kinds of listener', dataplane({ listeners: [listener(), listener({ type: 'ZoneEgress', port: 10002 })] }), []],
  ['no networking', {}, ['networking: must be defined']],
  ['no address', { networking: {} }, ["networking.address: address can't be empty"]],
  ['every address', { networking: { address: '0.0.0.0' } }, ['networking.address: must not be 0.0.0.0 or ::']],
  [
    'no such address',
    { networking: { address: '-' } },
    ['networking.address: address has to be valid IP address or domain name'],
  ],
  [
    'ports out of range',
    inbound({ port: 0, servicePort: 70000 }),
    [`${IN}.port: ${PORT}`, `${IN}.servicePort: ${PORT}`],
  ],
  [
    'names for addresses',
    inbound({ address: 'a', serviceAddress: 'b' }),
    [
      `${IN}.serviceAddress: serviceAddress has to be valid IP address`,
      `${IN}.address: address has to be valid IP address`,
    ],
  ],
  ['a service where the proxy is', inbound({ serviceAddress: '10.0.0.1' }), [`${IN}.serviceAddress: ${DIFFER}`]],
  ['a service beside the proxy', inbound({ serviceAddress: '10.0.0.1', servicePort: 8080 }), []],
  [
    'a service where the inbound is',
    inbound({ address: '10.0.0.2', serviceAddress: '10.0.0.2', servicePort: 80 }),
    [`${IN}.serviceAddress: ${DIFFER}`],
  ],
  [
    'an unknown protocol',
    inbound({ protocol: 'kafka' }),
    [`${IN}.protocol: has an invalid value "kafka". Allowed values: grpc, http, http2, tcp`],
  ],
  [
    'a probe of zeros',
    inbound({ serviceProbe: { interval: '0s', timeout: '1s', unhealthyThreshold: 0 } }),
    [
      `${IN}.serviceProbe.interval: must have a positive value`,
      `${IN}.serviceProbe.unhealthyThreshold: must have a positive value`,
    ],
  ],
  ['an outbound to nobody', dataplane({ outbound: [{ port: 3000 }] }), [`${OUT}.backendRef: must be defined`]],
  [
    'an outbound to what is not there',
    outbound({ kind: 'Mesh' }, { address: 'a' }),
    [
      `${OUT}.address: address has to be valid IP address`,
      `${OUT}.backendRef.kind: ${KINDS}`,
      `${OUT}.backendRef: either 'name' or 'labels' should be specified`,
      `${OUT}.backendRef.port: ${PORT}`,
    ],
  ],
  [
    'an admin port that is taken',
    {
      networking: {
        address: '127.0.0.1',
        admin: { port: 80 },
        inbound: [{ port: 80 }],
        outbound: [{ port: 80, backendRef: { kind: 'MeshService', name: 'a', port: 1 } }],
      },
    },
    ['networking.admin.port: must differ from inbound', 'networking.admin.port: must differ from outbound'],
  ],
  ['an admin port that is taken elsewhere', dataplane({ admin: { port: 80 }, inbound: [{ port: 80 }] }), []],
  [
    'a gateway with inbounds and listeners',
    dataplane({ gateway: { tags: { 'kuma.io/service': 'a' } }, inbound: [{ port: 80 }], listeners: [listener()] }),
    [
      'networking.inbound: inbound cannot be defined for delegated gateways',
      'networking.listeners: listeners cannot be defined for delegated gateways',
    ],
  ],
  [
    'a gateway with tags that say nothing',
    dataplane({ gateway: { tags: { 'a b': '', 'kuma.io/protocol': 'http' } } }),
    [
      'networking.gateway.tags["kuma.io/protocol"]: other values than tcp are not allowed, provided value "http"',
      'networking.gateway.tags["a b"]: tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores',
      'networking.gateway.tags["a b"]: tag value must be non-empty',
      'networking.gateway.tags: mandatory tag "kuma.io/service" is missing',
    ],
  ],
  [
    'a listener of no type',
    dataplane({ listeners: [{ address: '10.0.0.1', port: 1 }] }),
    [`${AT}[0].type: type must be ZoneIngress or ZoneEgress`],
  ],
  [
    'a listener without a place',
    dataplane({ listeners: [{ type: 'ZoneEgress' }] }),
    [`${AT}[0].address: address can't be empty`, `${AT}[0].port: ${PORT}`],
  ],
  [
    'two listeners in one place',
    dataplane({ listeners: [listener(), listener()] }),
    [`${AT}[1]: address:port 10.0.0.1:10001 is already used by another listener`],
  ],
  [
    'two kinds in one place',
    dataplane({ listeners: [listener(), listener({ type: 'ZoneEgress' })] }),
    [`${AT}[1]: address:port 10.0.0.1:10001 is used by listeners of different types`],
  ],
  [
    'a listener where an inbound is',
    dataplane({ inbound: [{ port: 10001 }], listeners: [listener()] }),
    [`${AT}[0]: address:port 10.0.0.1:10001 collides with an inbound listener`],
  ],
  [
    'an inbound’s name',
    dataplane({ inbound: [{ port: 80, name: 'x' }], listeners: [listener({ name: 'x' })] }),
    [`${AT}[0].name: name "x" must be unique across inbounds and listeners`],
  ],
  [
    'reachable backends',
    dataplane({
      transparentProxying: {
        reachableBackends: {
          refs: [
            { kind: 'MeshService', name: 'a' },
            { kind: 'Pod' },
            { kind: 'MeshService', namespace: 'x' },
            { kind: 'MeshService', name: 'a', labels: { b: 'c' } },
          ],
        },
      },
    }),
    [
      `networking.transparentProxing.reachableBackends.refs[1].kind: ${KINDS}`,
      'networking.transparentProxing.reachableBackends.refs[1].name: name or labels are required',
      'networking.transparentProxing.reachableBackends.refs[2].name: name is required, when namespace is defined',
      'networking.transparentProxing.reachableBackends.refs[3].labels: labels cannot be defined when name is specified',
    ],
  ],
]

test.each(CASES)('a dataplane with %s', (_what, spec, lines) => {
  expect(verdict('Dataplane', spec)).toEqual(lines)
})
