import { expect, test } from 'vitest'
import { table, verdict } from './verdict.js'

const PROTOCOLS = 'appProtocol must be one of: grpc, http, http2, tcp'

table('MeshService', [
  [
    'by labels',
    { selector: { dataplaneLabels: { matchLabels: { app: 'a' } } }, ports: [{ port: 80, targetPort: 'http' }] },
    [],
  ],
  ['no selector', {}, []],
  ['a protocol in capitals', { ports: [{ port: 80, appProtocol: 'HTTP' }] }, []],
  ['an unknown protocol', { ports: [{ port: 80, appProtocol: 'kafka' }] }, [`spec.ports[0].appProtocol: ${PROTOCOLS}`]],
  [
    'two selectors',
    { selector: { dataplaneLabels: {}, dataplaneRef: { name: 'a' } } },
    ['spec.selector: must specify only one of: dataplaneRef or dataplaneLabels'],
  ],
])

const many = (ports: object[], matchLabels: object = { app: 'a' }) => ({
  selector: { meshService: { matchLabels } },
  ports,
})

table('MeshMultiZoneService', [
  ['a port', many([{ port: 80, appProtocol: 'grpc' }]), []],
  ['no labels', many([{ port: 80 }], {}), ['spec.selector.meshService.matchLabels: cannot be empty']],
  ['no ports', many([]), ['spec.ports: in body should have at least 1 items']],
  [
    'a port with an empty name and a protocol in capitals',
    many([{ port: 80, name: '', appProtocol: 'HTTP' }]),
    ['spec.ports[0].name: must not be empty', `spec.ports[0].appProtocol: ${PROTOCOLS}`],
  ],
])

const external = (more: object) => ({ match: { port: 443 }, ...more })
const tls = (verification: object) => external({ tls: { verification } })
const TLS = 'spec.tls.verification'
const SECRET = { type: 'Secret', secretRef: { kind: 'Secret', name: 'a' } }

table('MeshExternalService', [
  [
    'endpoints',
    external({
      endpoints: [
        { address: 'a.com', port: 443 },
        { address: '::1', port: 1, priority: 1 },
      ],
    }),
    [],
  ],
  [
    'secrets',
    tls({ caCert: SECRET, clientCert: SECRET, clientKey: { type: 'InsecureInline', insecureInline: { value: 'x' } } }),
    [],
  ],
  [
    'an address that is none',
    external({ endpoints: [{ address: '/var/run/x.sock', port: 1 }] }),
    ['spec.endpoints[0].address: address has to be a valid IP or hostname'],
  ],
  [
    'half of a client’s credentials',
    tls({ clientCert: SECRET }),
    [`${TLS}.clientKey: must be defined when clientCert is defined`],
  ],
  [
    'the other half',
    tls({ clientKey: SECRET, serverName: '-' }),
    [`${TLS}.serverName: must be a valid DNS name`, `${TLS}.clientCert: must be defined when clientKey is defined`],
  ],
  [
    'what would be read from the control plane itself',
    tls({ caCert: { type: 'File', file: { path: '/etc/passwd' } } }),
    [`${TLS}.caCert.type: File must be one of: Secret, InsecureInline`],
  ],
  ['an empty secret', tls({ caCert: { type: 'Secret' } }), [`${TLS}.caCert.secretRef: must be defined`]],
  [
    'an extension, which checks its own endpoints but not where secrets come from',
    external({
      extension: { type: '' },
      endpoints: [{ address: '/x', port: 1 }],
      tls: { verification: { caCert: { type: 'EnvVar', envVar: { name: 'A' } } } },
    }),
    [`${TLS}.caCert.type: EnvVar must be one of: Secret, InsecureInline`, 'spec.extension.type: must not be empty'],
  ],
])

const generator = (template: string, selector: object = { meshService: {} }) => ({ template, selector })

table('HostnameGenerator', [
  ['a template', generator('{{ .DisplayName }}.{{ label "a/b" }}.{{ .Zone }}.mesh'), []],
  ['no template', generator(''), ['spec.template: must not be empty']],
  [
    'no selector',
    generator('a', {}),
    ['spec.selector: exact one selector (meshService, meshExternalService) must be defined'],
  ],
  [
    'two selectors',
    generator('a', { meshService: {}, meshMultiZoneService: {} }),
    ['spec.selector: exact one selector (meshService, meshExternalService) must be defined'],
  ],
  [
    'a template cut short',
    generator('{{ .Name'),
    ["spec.template: couldn't parse template: template: :1: unclosed action"],
  ],
  [
    'an unknown field',
    generator('{{ .Foo }}'),
    [
      `spec.template: couldn't render template with stub values: template: :1: executing "" at <.Foo>: can't evaluate field Foo`,
    ],
  ],
])

test('a HostnameGenerator has to render a DNS name', () => {
  expect(verdict('HostnameGenerator', generator('{{ .Name }}_x'))).toEqual([
    expect.stringMatching(
      /^spec\.template: template renders to "name_x" which is not a valid DNS name: a lowercase RFC/,
    ),
  ])
})

const bundled = (conf: object) => ({ provider: { type: 'Bundled', bundled: conf } })
const BUNDLED = 'spec.provider.bundled'

table('MeshIdentity', [
  [
    'no block, bundled',
    { provider: { type: 'Bundled' } },
    ['spec.provider.bundled: configuration needs to be defined'],
  ],
  [
    'a timeout below zero, at a path that says itself twice',
    { provider: { type: 'Spire', spire: { agent: { timeout: '-1s' } } } },
    ['spec.provider.spire.agent.spire.agent.timeout: must not be negative when defined'],
  ],
  ['its own CA', bundled({ autogenerate: { enabled: true } }), []],
  ['a given CA', bundled({ ca: { certificate: SECRET, privateKey: SECRET } }), []],
  ['nothing', {}, []],
  ['no block of its type', { provider: { type: 'Spire' } }, ['spec.provider.spire: configuration needs to be defined']],
  [
    'both CAs',
    bundled({ autogenerate: { enabled: true }, ca: {} }),
    [`${BUNDLED}.ca: shouldn't be defined once using autogenerated`],
  ],
  [
    'no CA',
    bundled({ certificateParameters: { expiry: '-1h' } }),
    [`${BUNDLED}.ca: must be defined`, `${BUNDLED}.certificateParameters.expiry: must not be negative when defined`],
  ],
  [
    'half a CA',
    bundled({ ca: { certificate: { type: 'File', file: { path: 'a' } } } }),
    [`${BUNDLED}.ca.certificate.file.path: file path must be absolute: a`, `${BUNDLED}.ca.privateKey: must be defined`],
  ],
  [
    'an extension without a name',
    { provider: { type: 'Extension', extension: { name: '' } } },
    ['spec.provider.extension.name: extension name needs to be defined'],
  ],
  [
    'a template cut short',
    { spiffeID: { trustDomain: '{{ .Mesh' } },
    ["spec.spiffeID.trustDomain: couldn't parse template: template: :1: unclosed action"],
  ],
])

const pem = (label: string) => `-----BEGIN ${label}-----\nMIIB\n-----END ${label}-----\n`
const trust = (value: string, trustDomain = 'mesh.east') => ({
  trustDomain,
  caBundles: [{ type: 'Pem', pem: { value } }],
})

table('MeshTrust', [
  ['a certificate', trust(pem('CERTIFICATE')), []],
  ['no PEM', trust('MIIB'), ['spec.caBundles[0].pem.value: provided certificate has incorrect format']],
  [
    'a private key',
    trust(pem('EC PRIVATE KEY')),
    ['spec.caBundles[0].pem.value: provided certificate has incorrect format'],
  ],
  ['no block', { trustDomain: 'a', caBundles: [{ type: 'Pem' }] }, ['spec.caBundles[0].pem: must be defined']],
  ['no trust domain', trust(pem('CERTIFICATE'), ''), ['spec.trustDomain: trustDomain needs to be defined']],
  [
    'too long a trust domain',
    trust(pem('CERTIFICATE'), 'a'.repeat(254)),
    ['spec.trustDomain: in body should be at most 253 chars long'],
  ],
])

const collector = (endpoint: object, protocol = 'grpc') => ({ protocol, endpoint })

table('MeshOpenTelemetryBackend', [
  ['an address', collector({ address: 'otel.mesh', port: 4317 }), []],
  ['a path', collector({ path: '/v1' }, 'http'), []],
  ['a path with gRPC', collector({ path: '/v1' }), ['spec.endpoint.path: must not be set when protocol is grpc']],
  [
    'everything wrong',
    collector({ address: '-', port: 0, path: 'v1?a' }, 'http'),
    [
      'spec.endpoint.address: address has to be a valid IP or hostname',
      'spec.endpoint.port: port must be a valid (1-65535)',
      'spec.endpoint.path: must start with /',
      'spec.endpoint.path: must not contain query or fragment',
    ],
  ],
])

table('MeshZoneAddress', [
  ['an address', { address: '10.0.0.1', port: 10001 }, []],
  ['a name', { address: 'ingress.east', port: 10001 }, []],
  ['everywhere', { address: '0.0.0.0', port: 1 }, ['spec.address: must not be 0.0.0.0 or ::']],
  ['no address', { address: '-', port: 1 }, ['spec.address: must be a valid IP address or domain name']],
  ['no port', { address: 'a', port: 0 }, ['spec.port: in body should be greater than or equal to 1']],
])
