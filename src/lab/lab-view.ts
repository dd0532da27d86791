import { type Component, type ComponentKind, isExternal } from './components.js'
import { hasPlatform, type LabSpec } from './lab-spec.js'
import type { LabPorts } from './lab-state.js'
import type { LabPaths } from './paths.js'
import { fileNameOf, logFileOf } from './paths.js'
import type { RunnerState } from './runner.js'
import { type ControlPlanes, regionsOf, type ShardPlan } from './shards.js'
import { type Totals, totalsOf } from './topology.js'

/** What commands are told of a lab; also the JSON of `up -o json` and `status -o json`. */
export interface LabView {
  readonly lab: string
  readonly state: 'starting' | 'ready' | 'stopping' | 'stopped' | 'crashed'
  readonly dir: string
  /** Of the supervisor. */
  readonly pid: number | undefined
  readonly spec: LabSpec
  readonly totals: Totals
  /** Several zones share a process. */
  readonly packed: boolean
  readonly database: string
  readonly caFile: string | undefined
  /** Undefined when the global is somebody else's. */
  readonly adminTokenFile: string | undefined
  readonly diagnosticsTokenFile: string
  readonly components: readonly ComponentView[]
  /** As the platform has them, by tenant; empty without a platform, and while they are not there yet. */
  readonly controlPlanes: ControlPlanes
  /** What the user should know: ports replaced, peers refused. */
  readonly notices: readonly string[]
}

export interface ComponentView {
  readonly name: string
  readonly kind: ComponentKind
  readonly tenant: string | undefined
  readonly zone: string | undefined
  /** Of a global. */
  readonly shard: string | undefined
  readonly state: 'stopped' | 'starting' | 'ready' | 'paused' | 'stopping' | 'died' | 'external'
  readonly detail: string | undefined
  readonly pid: number | undefined
  /** Wall time, epoch ms, since which it is ready. */
  readonly readySinceMs: number | undefined
  /**
   * By what is served: `api` (of a platform with several regions also `api-eu` …), `apiHttps`, `kds`, `xds`, `bootstrap`,
   * `diagnostics`, `admin` (of sidecars: `/proxies/MESH/NAME`).
   */
  readonly endpoints: Readonly<Record<string, string>>
  readonly adminTokenFile: string | undefined
  readonly zoneTokenFile: string | undefined
  readonly log: string
}

export function stateOf(state: RunnerState): Pick<ComponentView, 'state' | 'detail' | 'pid' | 'readySinceMs'> {
  const plain = (name: ComponentView['state']) => ({
    state: name,
    detail: undefined,
    pid: undefined,
    readySinceMs: undefined,
  })
  switch (state.kind) {
    case 'stopped':
      return plain('stopped')
    case 'loaded':
    case 'starting':
      return { ...plain('starting'), pid: state.id?.pid }
    case 'stopping':
      return { ...plain('stopping'), pid: state.id?.pid }
    case 'ready':
      return { ...plain(state.paused ? 'paused' : 'ready'), pid: state.id?.pid, readySinceMs: state.sinceMs }
    case 'died':
      return { ...plain('died'), detail: state.how }
  }
}

/** What is served where, by the words of `ComponentView.endpoints`. */
export function endpointsOf(component: Component, ports: LabPorts, spec: LabSpec): Record<string, string> {
  const own = ports[component.key] ?? {}
  const host = dialable(spec.listen)
  const url = (scheme: string, setting: string) => {
    const port = own[setting]
    return port === undefined ? undefined : `${scheme}://${host}:${port}`
  }
  const [, ...otherRegions] = component.kind === 'platform' ? regionsOf(spec.topology) : []
  // A control plane's own API has both, as Kuma's.
  const apiScheme = component.kind === 'platform' && !spec.plaintext ? 'https' : 'http'
  const served = {
    api: url(apiScheme, 'apiHttpPort'),
    ...Object.fromEntries(
      otherRegions.map((region) => [`api-${region}`, url(apiScheme, platformApiPort(spec.topology, region))]),
    ),
    apiHttps: url('https', 'apiHttpsPort'),
    kds: url(spec.plaintext ? 'grpc' : 'grpcs', 'kdsPort'),
    xds: url('grpcs', 'dpServerPort'),
    bootstrap: url('https', 'bootstrapPort'),
    diagnostics: url('http', 'diagnosticsPort'),
    admin: url('http', 'adminPort'),
  }
  return Object.fromEntries(Object.entries(served).filter(([, value]) => value !== undefined)) as Record<string, string>
}

/** The setting for the port of a region's API: the first region's is called as a lab's without regions. */
export function platformApiPort(topology: Pick<ShardPlan, 'shards'>, region: string): string {
  return region === regionsOf(topology)[0] ? 'apiHttpPort' : `apiHttpPort-${region}`
}

/** An address that listens everywhere is dialled on loopback. */
export function dialable(listen: string): string {
  if (listen === '0.0.0.0') return '127.0.0.1'
  if (listen === '::') return '[::1]'
  return listen.includes(':') ? `[${listen}]` : listen
}

export function adminTokenFile(paths: LabPaths, key: string): string {
  return `${paths.tokens}/${fileNameOf(key)}.admin`
}

export function zoneTokenFile(paths: LabPaths, key: string): string {
  return `${paths.tokens}/${key}.zone`
}

/** Of the sidecars of a workload; without one, of a mesh's zone proxies. */
export function dataplaneTokenFile(
  paths: LabPaths,
  tenant: string,
  { mesh, workload }: { readonly mesh: string; readonly workload: string | undefined },
): string {
  return `${paths.tokens}/${[tenant, mesh, ...(workload === undefined ? [] : [workload])].join('.')}.dataplane`
}

export function diagnosticsTokenFile(paths: LabPaths): string {
  return `${paths.tokens}/diagnostics`
}

export interface ViewInputs {
  readonly paths: LabPaths
  readonly spec: LabSpec
  readonly ports: LabPorts
  readonly components: readonly Component[]
  readonly packed: boolean
  readonly database: string
  readonly stateOfComponent: (component: Component) => RunnerState
  readonly state: LabView['state']
  readonly pid: number | undefined
  readonly notices: readonly string[]
  readonly controlPlanes: LabView['controlPlanes']
}

export function labView(inputs: ViewInputs): LabView {
  const { paths, spec } = inputs
  const own = spec.global.kind === 'own'
  return {
    lab: paths.name,
    state: inputs.state,
    dir: paths.dir,
    pid: inputs.pid,
    spec,
    totals: totalsOf(spec.topology),
    packed: inputs.packed,
    database: inputs.database,
    caFile: spec.global.kind === 'own' ? paths.caFile : spec.global.caFile,
    // Several globals have a platform.
    adminTokenFile: own ? adminTokenFile(paths, hasPlatform(spec) ? 'platform' : 'global') : undefined,
    diagnosticsTokenFile: diagnosticsTokenFile(paths),
    components: inputs.components.map((component) => componentView(inputs, component)),
    controlPlanes: inputs.controlPlanes,
    notices: inputs.notices,
  }
}

const EXTERNAL = { state: 'external', detail: undefined, pid: undefined, readySinceMs: undefined } as const

function componentView(inputs: ViewInputs, component: Component): ComponentView {
  const { paths, spec, ports } = inputs
  const isZone = component.kind === 'zone'
  return {
    name: component.name,
    kind: component.kind,
    tenant: 'tenant' in component ? component.tenant : undefined,
    zone: 'zone' in component ? component.zone.name : undefined,
    shard: 'shard' in component ? component.shard : undefined,
    ...(isExternal(component) ? EXTERNAL : stateOf(inputs.stateOfComponent(component))),
    endpoints: endpointsOf(component, ports, spec),
    adminTokenFile:
      component.kind === 'dataplane' || isExternal(component) ? undefined : adminTokenFile(paths, component.key),
    zoneTokenFile: isZone && spec.auth !== 'none' ? zoneTokenFile(paths, component.key) : undefined,
    log: logFileOf(paths, component.key),
  }
}
