import { join } from 'node:path'
import type { Settings } from './child-messages.js'
import { type Component, type GlobalComponent, globalsOf, isExternal } from './components.js'
import { LAB_ORGANIZATION } from './control-planes.js'
import { fleetRows, type TokenBinding } from './fleet.js'
import { databaseOf, type LabDatabases, platformDatabase } from './lab-database.js'
import { hasPlatform, type LabSpec } from './lab-spec.js'
import type { LabPorts } from './lab-state.js'
import { adminTokenFile, dataplaneTokenFile, dialable, platformApiPort, zoneTokenFile } from './lab-view.js'
import { fileNameOf, type LabPaths } from './paths.js'
import { type ControlPlanes, regionOf, regionsOf, shardFor } from './shards.js'
import { dataplanesIn } from './topology.js'

/** What the settings of a lab's processes are made from. */
export interface Wiring {
  readonly paths: LabPaths
  readonly spec: LabSpec
  readonly ports: LabPorts
  readonly diagnosticsToken: string
  /** Postgres only. */
  readonly databases: LabDatabases
  /** By the name that the lab knows them by; empty without a platform. */
  readonly controlPlanes: ControlPlanes
}

/** Settings whose value is a port, by kind of component: each gets one of its own. */
const PORT_SETTINGS = {
  global: ['diagnosticsPort', 'apiHttpPort', 'apiHttpsPort', 'kdsPort'],
  zone: ['diagnosticsPort', 'apiHttpPort', 'apiHttpsPort', 'dpServerPort', 'bootstrapPort'],
  dataplane: ['diagnosticsPort', 'adminPort'],
} as const

/** A real kuma-cp has one listener more, which cannot be switched off (KUMA_INTER_CP_SERVER_PORT). */
const EXTERNAL_ZONE_PORTS = [...PORT_SETTINGS.zone, 'interCpPort'] as const

export function portSettingsOf(component: Component, { topology }: LabSpec): readonly string[] {
  if (isExternal(component)) return EXTERNAL_ZONE_PORTS
  if (component.kind !== 'platform') return PORT_SETTINGS[component.kind]
  return ['diagnosticsPort', ...regionsOf(topology).map((region) => platformApiPort(topology, region))]
}

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

/** It must see nothing of the lab's own. */
export const OTHER_ORGANIZATION = 'guests'
const ORGANIZATIONS = `${LAB_ORGANIZATION},${OTHER_ORGANIZATION}`

function platformSettings(wiring: Wiring): Settings {
  const { paths, spec, ports, diagnosticsToken } = wiring
  const { diagnosticsPort = 0, ...apiPorts } = ports.platform ?? {}
  const { topology } = spec
  const shards = topology.shards.map((shard) => ({
    name: shard,
    region: regionOf(shard),
    api: globalApi(wiring, shard),
    sync: globalAddress(spec, ports, shard, 0),
    tokenFile: shardTokenFile(paths, shard),
  }))
  return {
    listen: spec.listen,
    diagnosticsToken,
    diagnosticsPort,
    regions: regionsOf(topology)
      .map((region) => `${region}=${apiPorts[platformApiPort(topology, region)]}`)
      .join(','),
    shards: JSON.stringify(shards),
    ...serving(wiring),
    shardCaFile: spec.plaintext ? '' : paths.caFile,
    organizations: ORGANIZATIONS,
    adminTokenFile: adminTokenFile(paths, 'platform'),
    ...storeSettings(platformDatabase(paths, spec), wiring),
  }
}

function storeSettings(place: string, { databases }: Wiring): Settings {
  const database = databases.get(place)
  return database ? { store: database.store, postgresPassword: database.password } : { store: place }
}

/** Where the platform relays to. */
function globalApi({ spec, ports }: Wiring, shard: string): string {
  const host = dialable(spec.listen)
  return globalsIn(spec, shard)
    .map(({ key }) => {
      const { apiHttpPort, apiHttpsPort } = ports[key] ?? {}
      return spec.plaintext ? `http://${host}:${apiHttpPort}` : `https://${host}:${apiHttpsPort}`
    })
    .join(',')
}

function serving({ paths, spec }: Wiring): Settings {
  if (spec.plaintext) return { tls: false, insecure: true }
  return { tlsCertFile: paths.certFile, tlsKeyFile: paths.keyFile }
}

/** By which the lab's platform and the global of that shard know each other. */
export function shardTokenFile(paths: LabPaths, shard: string): string {
  return join(paths.tokens, `shard-${shard}`)
}

function globalSettings({ key, shard }: GlobalComponent, wiring: Wiring): Settings {
  const { paths, spec, ports } = wiring
  const platform = hasPlatform(spec)
  const apiPort = platformApiPort(spec.topology, regionOf(shard))
  return {
    tlsCertFile: paths.certFile,
    tlsKeyFile: paths.keyFile,
    kdsTls: !spec.plaintext,
    kdsAuth: spec.auth,
    openStreams: spec.openStreams,
    insecure: spec.plaintext || spec.auth === 'none',
    tenants: platform,
    ...(platform && { platformTokenFile: shardTokenFile(paths, shard) }),
    ...(spec.auth === 'sat' && {
      platformUrl: `${spec.plaintext ? 'http' : 'https'}://${dialable(spec.listen)}:${ports.platform?.[apiPort]}/internal/shards/${shard}`,
      platformCaFile: paths.caFile,
    }),
    localhostIsAdmin: false,
    adminTokenFile: adminTokenFile(paths, key),
    ...storeSettings(databaseOf(paths, spec, shard), wiring),
  }
}

function zoneSettings(zone: Extract<Component, { kind: 'zone' }>, wiring: Wiring): Settings {
  const { paths, spec, ports } = wiring
  const { id, shard = shardFor(spec.topology, zone.tenant) } = wiring.controlPlanes[zone.tenant] ?? {}
  const cpId = spec.global.kind === 'foreign' ? spec.global.cpId : id
  const address = globalAddress(spec, ports, shard, spec.topology.zones.indexOf(zone.zone))
  return {
    zoneName: zone.zone.name,
    globalAddress: address,
    insecure: address.startsWith('grpc://'),
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
    store: spec.db === 'memory' ? 'memory' : zoneDatabase(paths, zone.key),
    zoneProxyPort:
      ZONE_PROXY_FIRST_PORT + (spec.topology.zones.indexOf(zone.zone) % ZONE_PROXY_ZONES) * ZONE_PROXY_PORTS,
  }
}

export function zoneDatabase(paths: LabPaths, key: string): string {
  return join(paths.data, `${fileNameOf(key)}.db`)
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
  const tokenFile = (binding: TokenBinding) => dataplaneTokenFile(paths, fleet.tenant, binding)
  const rows =
    spec.global.kind === 'own' ? fleetRows(spec.topology, fleet.zone, tokenFile) : fleetRows(spec.topology, fleet.zone)
  return `${JSON.stringify({ dataplanes: rows, behaviours: spec.topology.behaviours }, null, 2)}\n`
}

function globalsIn(spec: LabSpec, shard: string): readonly GlobalComponent[] {
  return globalsOf(spec).filter((global) => global.shard === shard)
}

/** Where a zone dials: an instance of its global, and the others when that one is away. Each zone begins with the next. */
function globalAddress(spec: LabSpec, ports: LabPorts, shard: string, zone: number): string {
  if (spec.global.kind === 'foreign') return spec.global.address
  const addresses = globalsIn(spec, shard).map(({ key }) => {
    return `${spec.plaintext ? 'grpc' : 'grpcs'}://${dialable(spec.listen)}:${ports[key]?.kdsPort}`
  })
  const first = zone % addresses.length
  return [...addresses.slice(first), ...addresses.slice(0, first)].join(',')
}
