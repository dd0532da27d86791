import { MESH, PROXY, table } from './verdict.js'

const ID = { spiffeID: { type: 'Prefix', value: 'spiffe://mesh/a' } }
const COLLECTOR = { kind: 'MeshOpenTelemetryBackend', labels: { a: 'b' } }

table('MeshTrafficPermission', [
  ['one allowed', { rules: [{ default: { allow: [ID] } }] }, []],
  ['no rules', {}, ['spec: policy must define rules']],
  [
    'an empty rule',
    { rules: [{ default: { allow: [] } }] },
    ["spec.rules[0]: at least one of 'allow', 'allowWithShadowDeny', 'deny' has to be defined"],
  ],
  [
    'a bad id',
    { rules: [{ default: { deny: [{ spiffeID: { type: 'Exact', value: 'x' } }] } }] },
    ['spec.rules[0].deny[0].spiffeID: must be a valid Spiffe ID: scheme is missing or invalid'],
  ],
])

const tls = (conf: object, targetRef: object = MESH) => ({ targetRef, rules: [{ default: conf }] })
const VERSION = 'tlsVersion can only be defined with top level targetRef kind: Mesh'

table('MeshTLS', [
  ['strict', tls({ mode: 'Strict', tlsVersion: { min: 'TLS12', max: 'TLS13' } }), []],
  ['one bound', tls({ tlsVersion: { min: 'TLS13' } }), []],
  [
    'crossed bounds',
    tls({ tlsVersion: { min: 'TLS13', max: 'TLS12' } }),
    ['spec.rules[0].default.tlsVersion.min: min version must be lower than max'],
  ],
  [
    'the mesh’s choice on some proxies',
    tls({ tlsVersion: {}, tlsCiphers: ['ECDHE-RSA-AES128-GCM-SHA256'] }, PROXY),
    [
      'spec.rules[0].default.tlsCiphers: tlsCiphers can only be defined with top level targetRef kind: Mesh',
      `spec.rules[0].default.tlsVersion: ${VERSION}`,
    ],
  ],
])

const log = (...backends: object[]) => ({ to: [{ targetRef: MESH, default: { backends } }] })
const file = (format?: object, path = '/tmp/a.log') => log({ type: 'File', file: { ...(format && { format }), path } })
const LOG = 'spec.to[0].default.backends[0]'

table('MeshAccessLog', [
  ['neither list', {}, ["spec: at least one of 'to' or 'rules' has to be defined"]],
  [
    'no collector named',
    log({ type: 'OpenTelemetry', openTelemetry: {} }),
    [`${LOG}.openTelemetry.backendRef: must be defined`],
  ],
  ['no plain format', file({ type: 'Plain' }), [`${LOG}.file.format.plain: must be defined`]],
  ['no JSON format', file({ type: 'Json' }), [`${LOG}.file.format.json: must be defined`]],
  ['an empty JSON format', file({ type: 'Json', json: [] }), [`${LOG}.file.format.json: must not be empty`]],
  [
    'an empty key',
    file({ type: 'Json', json: [{ key: '', value: 'x' }] }),
    [`${LOG}.file.format.json[0].key: key cannot be empty`],
  ],
  ['a file', file({ type: 'Plain', plain: '%START_TIME%' }), []],
  ['an address', log({ type: 'Tcp', tcp: { address: 'logs.mesh:5000' } }), []],
  ['a collector', log({ type: 'OpenTelemetry', openTelemetry: { backendRef: COLLECTOR, body: { a: 1 } } }), []],
  ['no backends', { to: [{ targetRef: MESH, default: {} }] }, ['spec.to[0].default.backends: must be defined']],
  ['no block of its type', log({ type: 'Tcp' }), [`${LOG}.tcp: must be defined`]],
  ['a relative path', file(undefined, 'a.log'), [`${LOG}.file.path: file backend requires a valid path`]],
  [
    'a word for an address',
    log({ type: 'Tcp', tcp: { address: 'logs' } }),
    [`${LOG}.tcp.address: tcp backend requires valid address`],
  ],
  ['an empty format', file({ type: 'Plain', plain: '' }), [`${LOG}.file.format.plain: must not be empty`]],
  [
    'a format that makes no JSON',
    file({ type: 'Json', json: [{ key: '"', value: '' }] }),
    [
      `${LOG}.file.format.json[0].value: value cannot be empty`,
      `${LOG}.file.format.json[0]: is not a valid JSON object`,
    ],
  ],
  [
    'a collector without labels, and a reserved attribute',
    log({
      type: 'OpenTelemetry',
      openTelemetry: { backendRef: { kind: COLLECTOR.kind }, attributes: [{ key: 'otel.a', value: '1' }] },
    }),
    [
      `${LOG}.openTelemetry.backendRef: backendRef must have exactly one defined: labels`,
      `${LOG}.openTelemetry.attributes[0].key: must not use the reserved OpenTelemetry prefix 'otel.'`,
    ],
  ],
])

const metric = (conf: object) => ({ default: conf })

table('MeshMetric', [
  [
    'no collector named',
    metric({ backends: [{ type: 'OpenTelemetry', openTelemetry: {} }, { type: 'Prometheus' }] }),
    [
      'spec.default.backends.backend[0].openTelemetry.backendRef: must be defined',
      'spec.default.backends.backend[1].prometheus: must be defined',
    ],
  ],
  ['nothing', {}, []],
  ['prometheus', metric({ backends: [{ type: 'Prometheus', prometheus: {} }] }), []],
  [
    'a regular expression',
    metric({ sidecar: { profiles: { include: [{ type: 'Regex', match: '(' }] } } }),
    ['spec.default.sidecar.profiles.include[0].match: invalid regex'],
  ],
  [
    'bad ports and no block, at paths that say the list twice',
    metric({
      applications: [{ port: 0 }],
      backends: [{ type: 'Prometheus', prometheus: { port: 70000 } }, { type: 'OpenTelemetry' }],
    }),
    [
      'spec.default.applications.application[0]: port must be a valid (1-65535)',
      'spec.default.backends.backend[0].port: port must be a valid (1-65535)',
      'spec.default.backends.backend[1].openTelemetry: must be defined',
    ],
  ],
])

const trace = (backend: object, more: object = {}) => ({ default: { backends: [backend], ...more } })
const datadog = (url: string) => trace({ type: 'Datadog', datadog: { url } })
const URL_FIELD = 'spec.default.backends[0].datadog.url'

table('MeshTrace', [
  [
    'no collector named',
    trace({ type: 'OpenTelemetry', openTelemetry: {} }),
    ['spec.default.backends[0].openTelemetry.backendRef: must be defined'],
  ],
  ['zipkin', trace({ type: 'Zipkin', zipkin: { url: 'http://jaeger.mesh:9411/api/v2/spans' } }), []],
  ['no backend, said so', { default: { backends: [] } }, []],
  ['no backends', {}, ['spec.default.backends: must be defined']],
  ['datadog', datadog('http://agent:8126'), []],
  [
    'datadog with more than an address',
    datadog('https://agent/v1?a=b'),
    ['scheme must be http', 'port must be defined', 'path must not be defined', 'query must not be defined'].map(
      (reason) => `${URL_FIELD}: ${reason}`,
    ),
  ],
  ['no url', datadog('agent'), [`${URL_FIELD}: must be a valid url`]],
  [
    'a word for zipkin',
    trace({ type: 'Zipkin', zipkin: { url: 'zipkin' } }),
    ['spec.default.backends[0].zipkin.url: must be a valid url'],
  ],
  [
    'tags and sampling',
    trace({ type: 'Datadog' }, { tags: [{ name: '' }], sampling: { client: 'x', overall: 101 } }),
    [
      'spec.default.backends[0].datadog: must be defined',
      'spec.default.tags[0].name: must not be empty',
      'spec.default.tags[0]: tag must have only one type defined: header, literal',
      'spec.default.sampling.client: string is not a number',
      'spec.default.sampling.overall: must be between 0 and 100',
    ],
  ],
])

const pass = (...appendMatch: object[]) => ({ default: { appendMatch } })
const PASS = 'spec.default.appendMatch'

table('MeshPassthrough', [
  ['port zero', pass({ type: 'IP', value: '10.0.0.1', port: 0 }), [`${PASS}[0].port: port must be a valid (1-65535)`]],
  ['everything', { default: { passthroughMode: 'All' } }, []],
  [
    'each type',
    pass(
      { type: 'IP', value: '10.0.0.1' },
      { type: 'CIDR', value: '10.0.0.0/8' },
      { type: 'Domain', value: '*.a.com', protocol: 'tls' },
    ),
    [],
  ],
  [
    'values that are not of their type',
    pass(
      { type: 'IP', value: 'a' },
      { type: 'CIDR', value: '10.0.0.1' },
      { type: 'Domain', value: '-', protocol: 'http' },
    ),
    [
      `${PASS}[0].value: provided IP has incorrect value`,
      `${PASS}[1].value: provided CIDR has incorrect value`,
      `${PASS}[2].value: provided DNS has incorrect value`,
    ],
  ],
  [
    'mysql without a port',
    pass({ type: 'IP', value: '10.0.0.1', protocol: 'mysql' }),
    [`${PASS}[0].port: port must be defined for Mysql protocol`],
  ],
  [
    'a name over TCP',
    pass({ type: 'Domain', value: 'a.com' }),
    [`${PASS}[0].protocol: protocol tcp is not supported for a domain`],
  ],
  [
    'wildcards',
    pass({ type: 'Domain', value: '*a.com', protocol: 'tls' }, { type: 'Domain', value: '*.a.com', protocol: 'http' }),
    [
      `${PASS}[0].value: provided DNS has incorrect value, partial wildcard is currently not supported`,
      `${PASS}[1].port: wildcard domains doesn't work for all ports and layer 7 protocol`,
    ],
  ],
  [
    'one port, two protocols, and one match twice',
    pass(
      { type: 'IP', value: '10.0.0.1', port: 80, protocol: 'http' },
      { type: 'IP', value: '10.0.0.2', port: 80, protocol: 'grpc' },
      { type: 'IP', value: '10.0.0.1', port: 80, protocol: 'http' },
    ),
    [
      `${PASS}[1].port: using the same port in multiple matches requires the same protocol for the following protocols: [grpc http http2]`,
      `${PASS}[2].value: value 10.0.0.1 is already defiend for this port and protocol`,
    ],
  ],
])

const patch = (modification: object) => ({ default: { appendModifications: [modification] } })
const MOD = 'spec.default.appendModifications[0]'

table('MeshProxyPatch', [
  [
    'a patch to no filter in particular',
    patch({ networkFilter: { operation: 'Patch', value: 'a: b' } }),
    [`${MOD}.networkFilter.match.name: must be defined`],
  ],
  ['a cluster added', patch({ cluster: { operation: 'Add', value: 'name: a' } }), []],
  ['patches', patch({ listener: { operation: 'Patch', jsonPatches: [{ op: 'replace', path: '/a', value: 1 }] } }), []],
  ['nothing', { default: {} }, ['spec.default.appendModifications: must not be empty']],
  [
    'two at a time',
    patch({ cluster: { operation: 'Remove' }, listener: { operation: 'Remove' } }),
    [`${MOD}: exactly one modification can be defined at a time. Currently, 2 modifications are defined`],
  ],
  [
    'a match where one is added',
    patch({ cluster: { operation: 'Add', match: {} } }),
    [`${MOD}.cluster.match: must not be defined`, `${MOD}.cluster.value: must be defined`],
  ],
  [
    'a value where one is removed',
    patch({ virtualHost: { operation: 'Remove', match: {}, value: 'a: b' } }),
    [`${MOD}.virtualHost.value: must not be defined`],
  ],
  [
    'a filter before none',
    patch({ httpFilter: { operation: 'AddBefore', value: 'a: b' } }),
    [`${MOD}.httpFilter.match.name: must be defined. You need to pick a filter before which this one will be added`],
  ],
  [
    'both ways',
    patch({ cluster: { operation: 'Patch', value: 'a: b', jsonPatches: [{ op: 'remove', path: '/a' }] } }),
    [`${MOD}.cluster: cluster must have only one type defined: value, jsonPatches`],
  ],
  [
    'neither way',
    patch({ cluster: { operation: 'Patch' } }),
    [`${MOD}.cluster: cluster must have exactly one defined: value, jsonPatches`],
  ],
  [
    'patches that miss or have too much',
    patch({
      cluster: {
        operation: 'Patch',
        jsonPatches: [
          { op: 'remove', path: '/', value: 1 },
          { op: 'move', path: '/a' },
        ],
      },
    }),
    [
      `${MOD}.cluster.jsonPatches[0].value: "value" is allowed only when "op" is one of ["add", "replace"]`,
      `${MOD}.cluster.jsonPatches[0].path: root path cannot be removed`,
      `${MOD}.cluster.jsonPatches[1].from: "from" must not be empty when "op" is one of ["move", "copy"]`,
    ],
  ],
  [
    'no YAML mapping',
    patch({ cluster: { operation: 'Add', value: '{' } }),
    [`${MOD}.cluster.value: native Envoy resource is not valid: it is not a YAML mapping`],
  ],
])
