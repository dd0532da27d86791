import { join } from 'node:path'
import { globalOf } from '../lab/lab-clients.js'
import type { ComponentView, LabView } from '../lab/lab-view.js'
import { dialable } from '../lab/lab-view.js'

export type Product = 'kuma' | 'kong-mesh-2'

export interface KumaEnvironment {
  readonly variables: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** Every variable that a real kuma-cp needs to take the place of this zone: its name, where the global is, free ports. */
export function zoneEnvironment(lab: LabView, zone: ComponentView, ports: Ports, product: Product): KumaEnvironment {
  const global =
    lab.spec.global.kind === 'foreign' ? lab.spec.global.address : (globalOf(lab, zone.tenant).endpoints.kds ?? '')
  const tls = global.startsWith('grpcs:')
  return {
    variables: {
      ...common(lab, zone.name, 'zone', ports),
      KUMA_MULTIZONE_ZONE_NAME: zone.zone ?? zone.name,
      KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS: global,
      ...(tls && lab.caFile !== undefined && { KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE: lab.caFile }),
      ...port('KUMA_DP_SERVER_PORT', ports.dpServerPort),
      KUMA_MONITORING_ASSIGNMENT_SERVER_ENABLED: 'false',
      ...tokenVariables(zone, product),
    },
    warnings: zoneWarnings(lab, zone, product, tls),
  }
}

/** The same for a kuma-cp that is to be the global. It keeps its own CA, so zones need `--ca`. */
export function globalEnvironment(lab: LabView, global: ComponentView, ports: Ports): KumaEnvironment {
  const authenticated = lab.spec.auth === 'zone-token'
  return {
    variables: {
      ...common(lab, global.name, 'global', ports),
      ...port('KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT', ports.kdsPort),
      KUMA_MULTIZONE_GLOBAL_KDS_TLS_ENABLED: String(!lab.spec.plaintext),
    },
    warnings: [
      `the lab's own global holds these ports: run this instead of it, and the zones with up --global ADDR`,
      ...(authenticated ? ['a stock kuma-cp does not ask zones for tokens'] : []),
    ],
  }
}

export type Ports = Readonly<Record<string, number>>

function common(lab: LabView, name: string, mode: 'zone' | 'global', ports: Ports): Record<string, string> {
  const host = dialable(lab.spec.listen)
  return {
    KUMA_MODE: mode,
    KUMA_ENVIRONMENT: 'universal',
    KUMA_STORE_TYPE: 'memory',
    KUMA_GENERAL_WORK_DIR: join(lab.dir, 'data', `kuma-${name}`),
    KUMA_API_SERVER_HTTP_INTERFACE: host,
    ...port('KUMA_API_SERVER_HTTP_PORT', ports.apiHttpPort),
    KUMA_API_SERVER_HTTPS_INTERFACE: host,
    ...port('KUMA_API_SERVER_HTTPS_PORT', ports.apiHttpsPort),
    ...port('KUMA_DIAGNOSTICS_SERVER_PORT', ports.diagnosticsPort),
    ...port('KUMA_INTER_CP_SERVER_PORT', ports.interCpPort),
    KUMA_INTER_CP_CATALOG_INSTANCE_ADDRESS: host,
  }
}

function port(name: string, value: number | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: String(value) }
}

function tokenVariables({ zoneTokenFile }: ComponentView, product: Product): Record<string, string> {
  if (zoneTokenFile === undefined) return {}
  return product === 'kuma'
    ? { KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH: zoneTokenFile }
    : { KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_PATH: zoneTokenFile }
}

function zoneWarnings(lab: LabView, zone: ComponentView, product: Product, tls: boolean): string[] {
  const external = zone.state === 'external'
  const name = zone.name
  return [
    ...(external ? [] : [`${name} runs already; its place is free with: zonelab up --external ${name}`]),
    ...(zone.zoneTokenFile !== undefined && product === 'kuma'
      ? ['a kuma-cp older than its KDS authentication cannot send a token: if the zone is refused, use up --auth none']
      : []),
    ...(zone.zoneTokenFile !== undefined && !tls
      ? ['a zone sends no token without TLS: leave --plaintext out, or use --auth none']
      : []),
    ...(lab.spec.topology.tenants.length > 1 ? ['a stock kuma-cp cannot say which control plane it belongs to'] : []),
  ]
}
