import { join } from 'node:path'
import type { Settings } from './child-messages.js'
import { type Component, globalNames } from './components.js'
import { fleetRows } from './fleet.js'
import type { LabDatabase } from './lab-database.js'
import { DEFAULT_DB, hasPlatform, type LabSpec } from './lab-spec.js'
import type { LabPorts } from './lab-state.js'
import { adminTokenFile, dataplaneTokenFile, dialable, zoneTokenFile } from './lab-view.js'
import { fileNameOf, type LabPaths } from './paths.js'
import { dataplanesIn } from './topology.js'

/** What the settings of a lab's processes are made from. */
export interface Wiring {
  readonly paths: LabPaths
  readonly spec: LabSpec
  readonly ports: LabPorts
  readonly diagnosticsToken: string
  readonly database?: LabDatabase | undefined
  /** Id at the platform by the name that the lab knows it by; empty without a platform. */
  readonly controlPlanes: Readonly<Record<string, string>>
}

/** Settings whose value is a port, by kind of component: each gets one of its own. */
export const PORT_SETTINGS = {
  platform: ['diagnosticsPort', 'apiHttpPort'],
  global: ['diagnosticsPort', 'apiHttpPort', 'apiHttpsPort', 'kdsPort'],
  zone: ['diagnosticsPort', 'apiHttpPort', 'apiHttpsPort', 'dpServerPort', 'bootstrapPort'],
  dataplane: ['diagnosticsPort', 'adminPort'],
} as const

/** A real kuma-cp has one listener more, which cannot be switched off (KUMA_INTER_CP_SERVER_PORT). */
export const EXTERNAL_ZONE_PORTS = [...PORT_SETTINGS.zone, 'interCpPort'] as const

/** The value of every setting that the lab does not leave at its default. */
export function settingsOf(component: Component, wiring: Wiring): Settings {
  const common = {
    listen: wiring.spec.listen,
    diagnosticsToken: wiring.diagnosticsToken,
    ...wiring.ports[component.key],
  }
  switch (component.kind) {
    case 'platform':
      return platformSettings(wiring)
    case 'global':
      return { ...common, ...globalSettings(component, wiring) }
    case 'zone':
      return { ...common, ...zoneSettings(component, wiring) }
    case 'dataplane':
      return { ...common, ...fleetSettings(component, wiring) }
  }
}

/** The lab's one deployment and where it is; names as Konnect's. */
export const REGION = 'us'
const SHARD = 'us-1'

/** It must see nothing of the lab's own. */
export const OTHER_ORGANIZATION = 'guests'
const ORGANIZATIONS = `lab,${OTHER_ORGANIZATION}`

function platformSettings({ paths, spec, ports, diagnosticsToken, database }: Wiring): Settings {
  const { diagnosticsPort = 0, apiHttpPort = 0 } = ports.platform ?? {}
  const host = dialable(spec.listen)
  const shard = {
    name: SHARD,
    region: REGION,
    api: `http://${host}:${ports.global?.apiHttpPort}`,
    sync: globalAddress(spec, ports, 0),
    tokenFile: shardTokenFile(paths),
  }
  return {
    listen: spec.listen,
    diagnosticsToken,
    diagnosticsPort,
    regions: `${REGION}=${apiHttpPort}`,
    shards: JSON.stringify([shard]),
    organizations: ORGANIZATIONS,
    adminTokenFile: adminTokenFile(paths, 'platform'),
    store: database?.store ?? (spec.db === 'memory' ? 'memory' : join(paths.data, 'platform.db')),
    ...(database && { postgresPassword: database.password }),
  }
}

/** By which the lab's platform and its global know each other. */
export function shardTokenFile(paths: LabPaths): string {
  return join(paths.tokens, `shard-${SHARD}`)
}

function globalSettings({ key }: Component, { paths, spec, ports, database }: Wiring): Settings {
  const platform = hasPlatform(spec)
  return {
    tlsCertFile: paths.certFile,
    tlsKeyFile: paths.keyFile,
    kdsTls: !spec.plaintext,
    kdsAuth: spec.auth,
    openStreams: spec.openStreams,
    insecure: spec.plaintext || spec.auth === 'none',
    tenants: platform,
    ...(platform && { platformTokenFile: shardTokenFile(paths) }),
    ...(spec.auth === 'sat' && {
      platformUrl: `http://${dialable(spec.listen)}:${ports.platform?.apiHttpPort}/internal/shards/${SHARD}`,
    }),
    localhostIsAdmin: false,
    adminTokenFile: adminTokenFile(paths, key),
    store: database?.store ?? databaseOf(paths, spec),
    ...(database && { postgresPassword: database.password }),
  }
}

function zoneSettings(zone: Extract<Component, { kind: 'zone' }>, wiring: Wiring): Settings {
  const { paths, spec, ports } = wiring
  const cpId = wiring.controlPlanes[zone.tenant]
  return {
    zoneName: zone.zone.name,
    globalAddress: globalAddress(spec, ports, spec.topology.zones.indexOf(zone.zone)),
    insecure: globalAddress(spec, ports, 0).startsWith('grpc://'),
    kdsRootCaFile: (spec.global.kind === 'own' ? paths.caFile : spec.global.caFile) ?? '',
    ...(spec.auth !== 'none' && { tokenPath: zoneTokenFile(paths, zone.key) }),
    ...(cpId !== undefined && { cpId }),
    tlsCertFile: paths.certFile,
    tlsKeyFile: paths.keyFile,
    caFile: paths.caFile,
    // The keys of dataplane tokens are at the global: over somebody else's the lab cannot make any.
    dpAuth: spec.global.kind === 'own' ? 'dpToken' : 'none',
    localhostIsAdmin: false,
    adminTokenFile: adminTokenFile(paths, zone.key),
    store: spec.db === 'memory' ? 'memory' : join(paths.data, `${fileNameOf(zone.key)}.db`),
    zoneProxyPort:
      ZONE_PROXY_FIRST_PORT + (spec.topology.zones.indexOf(zone.zone) % ZONE_PROXY_ZONES) * ZONE_PROXY_PORTS,
  }
}

/** A zone proxy takes a port for each exported service; each zone has a range of its own, below the lab's other ports. */
const ZONE_PROXY_FIRST_PORT = 10_000
const ZONE_PROXY_PORTS = 100
const ZONE_PROXY_ZONES = 100

function fleetSettings(fleet: Extract<Component, { kind: 'dataplane' }>, { paths, spec, ports }: Wiring): Settings {
  const zoneKey = fleet.key.replace(/^dataplanes\//, '')
  return {
    zoneName: fleet.zone.name,
    cpAddress: `https://${dialable(spec.listen)}:${ports[zoneKey]?.dpServerPort}`,
    caFile: paths.caFile,
    fleetFile: fleetFile(paths, fleet.key),
    ownAdminPorts: dataplanesIn(fleet.zone) <= OWN_ADMIN_PORTS_MAX,
  }
}

/** Each is an open file; beyond, sidecars are reached through their process's own admin port only. */
const OWN_ADMIN_PORTS_MAX = 100

export function fleetFile(paths: LabPaths, key: string): string {
  return join(paths.config, `${fileNameOf(key)}.json`)
}

/** What the fleet file of a zone's sidecars says. */
export function fleetFileText(fleet: Extract<Component, { kind: 'dataplane' }>, { paths, spec }: Wiring): string {
  // Over somebody else's global the lab can make no tokens, and its zones ask for none.
  const tokenFile = (mesh: string) => dataplaneTokenFile(paths, fleet.tenant, mesh)
  const rows =
    spec.global.kind === 'own' ? fleetRows(spec.topology, fleet.zone, tokenFile) : fleetRows(spec.topology, fleet.zone)
  return `${JSON.stringify({ dataplanes: rows, behaviours: spec.topology.behaviours }, null, 2)}\n`
}

/** `memory`, or where the global keeps everything. */
export function databaseOf(paths: LabPaths, spec: LabSpec): string {
  return spec.db === DEFAULT_DB ? join(paths.data, 'global.db') : spec.db
}

/** Where a zone dials: an instance of the global, and the others when that one is away. Each zone begins with the next. */
export function globalAddress(spec: LabSpec, ports: LabPorts, zone: number): string {
  if (spec.global.kind === 'foreign') return spec.global.address
  const addresses = globalNames(spec).map((name) => {
    return `${spec.plaintext ? 'grpc' : 'grpcs'}://${dialable(spec.listen)}:${ports[name]?.kdsPort}`
  })
  const first = zone % addresses.length
  return [...addresses.slice(first), ...addresses.slice(0, first)].join(',')
}
