/** One request that ours and a real control plane are asked alike. */
export interface RestRequest {
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

const JSON_TYPE = { 'content-type': 'application/json' }
const REMOTE = { 'x-forwarded-for': '192.0.2.1' }
const POLICY_PATHS = [
  'meshaccesslogs',
  'meshcircuitbreakers',
  'meshfaultinjections',
  'meshhealthchecks',
  'meshhttproutes',
  'meshloadbalancingstrategies',
  'meshmetrics',
  'meshpassthroughs',
  'meshproxypatches',
  'meshratelimits',
  'meshretries',
  'meshtcproutes',
  'meshtimeouts',
  'meshtlses',
  'meshtraces',
  'meshtrafficpermissions',
] as const
const OTHER_PATHS = [
  'meshes',
  'meshservices',
  'meshmultizoneservices',
  'meshexternalservices',
  'meshidentities',
  'meshtrusts',
  'meshopentelemetrybackends',
  'meshzoneaddresses',
  'workloads',
  'dataplanes',
  'dataplanes/_overview',
  'dataplane-insights',
  'service-insights',
  'mesh-insights',
  'hostnamegenerators',
  'zones',
  'zones/_overview',
  'zones+insights',
  'zone-insights',
  'zoneinsights',
  'secrets',
] as const

/** What is there after a start, and what never is. */
export const READS: readonly RestRequest[] = [
  ...['/', '/_resources', '/policies', '/who-am-i', '/global-insight', '/versions', '/nope'].map(get),
  ...[...POLICY_PATHS, ...OTHER_PATHS].map((path) => get(`/${path}`)),
  ...[...POLICY_PATHS, 'dataplanes/_overview', 'meshservices', 'secrets'].map((path) => get(`/meshes/default/${path}`)),
  ...['/meshes/default', '/meshes/default?format=k8s', '/meshes/default?format=zzz', '/mesh-insights/default'].map(get),
  ...['default', 'default?format=universal', 'nope'].map((name) => get(`/meshes/${name}`)),
  ...['', '?format=k8s', '?format=kubernetes'].map((q) =>
    get(`/meshes/default/meshtimeouts/mesh-timeout-all-default${q}`),
  ),
  ...['kri_m____default_', 'kri_m____nope_', 'bogus', 'kri_mt_default___mesh-timeout-all-default_'].map((kri) =>
    get(`/_kri/${kri}`),
  ),
  ...['nope', 'nope?format=k8s'].map((name) => get(`/meshes/default/meshtimeouts/${name}`)),
  ...['/meshes/nope/meshtimeouts', '/meshes/default/nopes', '/meshes/nope/meshtimeouts/nope'].map(get),
  ...['size=x', 'size=0', 'size=-1', 'size=2000', 'size=1', 'offset=x', 'size=1&offset=1', 'name=all', 'name=zzz'].map(
    (query) => get(`/meshtimeouts?${query}`),
  ),
  ...['filter[x]=1', 'filter[labels.a][eq]=1', 'filter[labels.kuma.io/mesh]=default&size=1', 'filter[labels.a]=b'].map(
    (query) => get(`/meshtimeouts?${query}`),
  ),
  ...['gateway=builtin', 'gateway=true', 'tag=a:b', 'tag=a'].map((query) => get(`/meshes/default/dataplanes?${query}`)),
  get('/meshes/default/meshtimeouts/mesh-timeout-all-default/_resources/dataplanes'),
  get('/meshes/default/meshtimeouts/nope/_resources/dataplanes'),
  ...['_rules', '_policies', '_layout', '_config', 'xds', 'stats', 'clusters', 'policies', '_overview'].map((what) =>
    get(`/meshes/default/dataplanes/nope/${what}`),
  ),
  ...['meshservices/nope/_hostnames', 'meshservices/nope/_dataplanes'].map((path) => get(`/meshes/default/${path}`)),
  ...['/meshes/default', '/zones', '/meshtimeouts'].map((path) => ({ method: 'HEAD', path })),
  { method: 'HEAD', path: '/' },
  { method: 'GET', path: '/meshes/default', headers: { accept: 'application/xml' } },
  { method: 'GET', path: '/global-secrets', headers: REMOTE },
  { method: 'GET', path: '/meshes/default/secrets', headers: REMOTE },
  { method: 'GET', path: '/who-am-i', headers: REMOTE },
  { method: 'GET', path: '/who-am-i', headers: { authorization: 'Bearer abc' } },
  { method: 'GET', path: '/who-am-i', headers: { ...REMOTE, authorization: 'Bearer abc' } },
]

/** In this order: later ones see what earlier ones left. `labels` are what the place of writing wants. */
export function writeRequests(labels: Readonly<Record<string, string>>): readonly RestRequest[] {
  const VALID = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '1s' } }] }
  const timeout = (name: string, spec: unknown, extra: object = {}) =>
    put(`/meshes/default/meshtimeouts/${name}`, { type: 'MeshTimeout', mesh: 'default', name, labels, spec, ...extra })
  const to = (targetRef: object, conf: object) => ({ to: [{ targetRef, default: conf }] })
  const mesh = { kind: 'Mesh' }
  const service = {
    selector: { dataplaneLabels: { matchLabels: { app: 'x' } } },
    ports: [{ port: 80, appProtocol: 'http' }],
  }
  const multiZone = {
    selector: { meshService: { matchLabels: { app: 'x' } } },
    ports: [{ port: 80, appProtocol: 'http' }],
  }
  return [
    timeout('bad', { targetRef: { kind: 'Bogus' }, ...to(mesh, { connectionTimeout: 'xyz' }) }),
    timeout('bad', to(mesh, { connectionTimeout: '-1s', http: { requestTimeout: '-5s' } })),
    timeout('bad', to(mesh, {})),
    timeout('bad', to({ kind: 'MeshService' }, { connectionTimeout: '1s' })),
    timeout('bad', {}),
    timeout('bad', undefined),
    timeout('bad', { from: VALID.to }),
    timeout('bad', { to: 'text' }),
    timeout('bad', { ...VALID, rules: [{ default: { connectionTimeout: '1s' } }] }),
    put('/meshes/default/meshtimeouts/one', {
      type: 'MeshTimeout',
      mesh: 'default',
      name: 'other',
      labels,
      spec: VALID,
    }),
    put('/meshes/default/meshtimeouts/one', { type: 'MeshTimeout', mesh: 'other', name: 'one', labels, spec: VALID }),
    put('/meshes/default/meshtimeouts/one', { type: 'MeshRetry', mesh: 'other', name: 'other', labels, spec: VALID }),
    timeout('Bad_Name', VALID),
    put('/meshes/nope/meshtimeouts/one', { type: 'MeshTimeout', mesh: 'nope', name: 'one', labels, spec: VALID }),
    ...['global', 'zone', 'bogus'].map((origin) =>
      timeout(`of-${origin}`, VALID, { labels: { 'kuma.io/origin': origin } }),
    ),
    timeout('unlabelled', VALID, { labels: {} }),
    timeout('unlabelled', VALID, { labels: { 'bad label!': 'x' } }),
    timeout('unlabelled', VALID, { labels: { 'kuma.io/zone': 'elsewhere' } }),
    timeout('good', VALID),
    get('/meshes/default/meshtimeouts/good'),
    timeout('good', VALID, { unknown: 1 }),
    timeout('good', { ...VALID, targetRef: { kind: 'Dataplane', labels: { app: 'x' } } }),
    get('/meshes/default/meshtimeouts/good'),
    get('/meshes/default/meshtimeouts/good?format=k8s'),
    get('/meshes/default/meshtimeouts/good/_resources/dataplanes'),
    remove('/meshes/default/meshtimeouts/good'),
    remove('/meshes/default/meshtimeouts/good'),
    remove('/meshes/nope/meshtimeouts/good'),
    put('/meshes/second', { type: 'Mesh', name: 'second' }),
    get('/meshes/second/meshtimeouts'),
    put('/meshes/second', { type: 'Mesh', name: 'second', skipCreatingInitialPolicies: ['*'] }),
    put('/meshes/1bad', { type: 'Mesh', name: '1bad' }),
    put('/meshes/third', { type: 'Mesh', name: 'third', skipCreatingInitialPolicies: 5 }),
    put('/meshes/third', { type: 'Mesh', name: 'third', mtls: { enabledBackend: 'x' } }),
    remove('/meshes/second'),
    remove('/meshes/nope'),
    put('/meshes/default/meshservices/manual', {
      type: 'MeshService',
      mesh: 'default',
      name: 'manual',
      labels,
      spec: service,
    }),
    put('/meshes/default/meshmultizoneservices/mz', {
      type: 'MeshMultiZoneService',
      mesh: 'default',
      name: 'mz',
      labels,
      spec: multiZone,
    }),
    get('/meshes/default/meshmultizoneservices/mz'),
    remove('/meshes/default/meshmultizoneservices/mz'),
    remove('/meshes/default/meshservices/manual'),
    put('/zone-insights/z', { type: 'ZoneInsight', name: 'z' }),
    put('/zones/zz', { type: 'Zone', name: 'zz', enabled: true }),
    put('/zones/Zz_1', { type: 'Zone', name: 'Zz_1', enabled: true }),
    get('/zones/zz'),
    get('/zones/zz/_overview'),
    remove('/zones/zz'),
    raw('PUT', '/meshes/default/meshtimeouts/x', '{"type":'),
    raw('PUT', '/meshes/default/meshtimeouts/x', ''),
    raw('PUT', '/meshes/x', '{"type":'),
    raw('PUT', '/meshes/default/meshtimeouts/x', '[]'),
    { method: 'PUT', path: '/meshes/default/meshtimeouts/x', body: '{}', headers: { 'content-type': 'text/plain' } },
    raw('POST', '/meshes/default', '{}'),
    { method: 'DELETE', path: '/meshes' },
    raw('POST', '/config', '{}'),
    raw('PATCH', '/meshes/default/meshtimeouts/mesh-timeout-all-default', '{}'),
    put('/meshes/default/secrets/own', { type: 'Secret', mesh: 'default', name: 'own', data: 'dGV4dA==' }),
    put('/meshes/default/secrets/own', { type: 'Secret', mesh: 'default', name: 'own', data: '!' }),
    put('/global-secrets/own', { type: 'GlobalSecret', name: 'own', data: 'dGV4dA==' }),
    get('/global-secrets/own'),
    remove('/global-secrets/own'),
    remove('/meshes/default/secrets/own'),
    raw('POST', '/tokens/user', '{"name":"jane","groups":["team"]}'),
    raw('POST', '/tokens/user', '{'),
    raw('POST', '/tokens/user', '{"validFor":"1h"}'),
    raw('POST', '/tokens/user', '{"name":"jane","validFor":"soon"}'),
    raw('POST', '/tokens/dataplane', '{"name":"dp-1","validFor":"1h"}'),
    raw('POST', '/tokens/dataplane', '{"name":"dp-1","mesh":"default","type":"ingress","validFor":"1h"}'),
    raw('POST', '/tokens/zone', '{"zone":"zone-1","validFor":"soon"}'),
  ]
}

function get(path: string): RestRequest {
  return { method: 'GET', path }
}

function remove(path: string): RestRequest {
  return { method: 'DELETE', path }
}

function put(path: string, document: object): RestRequest {
  return raw('PUT', path, JSON.stringify(document))
}

function raw(method: string, path: string, body: string): RestRequest {
  return { method, path, body, headers: JSON_TYPE }
}
