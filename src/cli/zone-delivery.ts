import { stringify } from 'yaml'

/** All that a zone needs to connect, whoever runs it. */
export interface ProvisionedZone {
  readonly zone: string
  readonly region: string
  readonly controlPlane: string
  /** `grpcs://host:port` where it dials. */
  readonly address: string
  /** PEM file of the CA that signed the global's certificate; undefined: one that the system trusts. */
  readonly caFile: string | undefined
  readonly token: string
  /** Where the token was written, instead of being shown. */
  readonly tokenFile?: string
}

/** Kuma 3, which zonelab's own zone follows too, and Kong Mesh 2. */
export const PRODUCTS = ['kuma', 'kong-mesh-2'] as const
export type ZoneProduct = (typeof PRODUCTS)[number]

export const DELIVERIES = ['env', 'helm', 'tfvars', 'json', 'yaml'] as const
export type Delivery = (typeof DELIVERIES)[number]

/** The three values that every installer asks for, and with a product the names that its control plane reads. */
export function environmentOf(zone: ProvisionedZone, product: ZoneProduct | undefined): Record<string, string> {
  return {
    KONNECT_REGION: zone.region,
    KONNECT_CP_ID: zone.controlPlane,
    ZONE_TOKEN: zone.token,
    ...(product && {
      KUMA_MODE: 'zone',
      KUMA_MULTIZONE_ZONE_NAME: zone.zone,
      KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS: zone.address,
      ...(zone.caFile !== undefined && { KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE: zone.caFile }),
      [VARIABLES[product].cpId]: zone.controlPlane,
      ...(zone.tokenFile === undefined
        ? { [VARIABLES[product].token]: zone.token }
        : { [VARIABLES[product].tokenPath]: zone.tokenFile }),
    }),
  }
}

const VARIABLES = {
  kuma: {
    cpId: 'KUMA_MULTIZONE_ZONE_KONNECT_CP_ID',
    token: 'KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_INLINE',
    tokenPath: 'KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH',
  },
  'kong-mesh-2': {
    cpId: 'KMESH_MULTIZONE_ZONE_KONNECT_CP_ID',
    token: 'KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_INLINE',
    tokenPath: 'KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_PATH',
  },
} as const

/** Where Kubernetes keeps the token: what every guide of the field names so. */
const SECRET = 'cp-token'
const SECRET_KEY = 'token'

/** The texts that installers take. All but `helm` hold the token, where `token` is true. */
export function deliver(zone: ProvisionedZone, as: Delivery, product: ZoneProduct | undefined): string {
  switch (as) {
    case 'env':
      return Object.entries(environmentOf(zone, product))
        .map(([name, value]) => `${name}=${value}`)
        .join('\n')
    case 'helm':
      return helmValues(zone, product ?? 'kuma')
    case 'tfvars':
      return terraformVariables(zone)
    case 'json':
      return JSON.stringify(facts(zone), null, 2)
    case 'yaml':
      return kumaConfiguration(zone, product ?? 'kuma')
  }
}

/** Without the token, which lies in a Secret: values end up in repositories. */
function helmValues(zone: ProvisionedZone, product: ZoneProduct): string {
  const controlPlane = {
    mode: 'zone',
    zone: zone.zone,
    kdsGlobalAddress: zone.address,
    konnect: { cpId: zone.controlPlane },
    secrets: [{ Env: VARIABLES[product].token, Secret: SECRET, Key: SECRET_KEY }],
  }
  const values = product === 'kuma' ? { controlPlane } : { kuma: { controlPlane } }
  const secret = `# kubectl create secret generic ${SECRET} --namespace kuma-system --from-file=${SECRET_KEY}=TOKEN_FILE`
  return `${secret}\n${stringify(values).trimEnd()}`
}

function terraformVariables(zone: ProvisionedZone): string {
  const quoted = (text: string) => JSON.stringify(text)
  return [
    `konnect_region   = ${quoted(zone.region)}`,
    `konnect_cp_id    = ${quoted(zone.controlPlane)}`,
    `zone_name        = ${quoted(zone.zone)}`,
    `zone_kds_address = ${quoted(zone.address)}`,
    `zone_token       = ${quoted(zone.token)} # declare it sensitive = true`,
  ].join('\n')
}

function kumaConfiguration(zone: ProvisionedZone, product: ZoneProduct): string {
  const { token, tokenFile } = zone
  const kds = {
    ...(zone.caFile !== undefined && { rootCaFile: zone.caFile }),
    ...(product === 'kuma' && { auth: tokenFile === undefined ? { tokenInline: token } : { tokenPath: tokenFile } }),
  }
  const kuma = {
    mode: 'zone',
    multizone: {
      zone: {
        name: zone.zone,
        globalAddress: zone.address,
        kds,
        ...(product === 'kuma' && { konnect: { cpId: zone.controlPlane } }),
      },
    },
  }
  const auth = tokenFile === undefined ? { cpTokenInline: token } : { cpTokenPath: tokenFile }
  const kmesh = { kmesh: { multizone: { zone: { konnect: { cpId: zone.controlPlane }, kds: { auth } } } } }
  return stringify(product === 'kuma' ? kuma : { ...kuma, ...kmesh }).trimEnd()
}

function facts({ zone, region, controlPlane, address, caFile, token }: ProvisionedZone): object {
  return { zone, region, controlPlane, address, caFile, token }
}
