import type { ClientTrust } from '../transport/grpc/client-trust.js'

/**
 * What only the operator of a target can do: start one in another configuration, restart it, move its clock, take its
 * store away, replace its certificate; or start a zone that dials the suite. A controller is a module or an executable (docs/conformance-controller.md).
 */
export interface Controller {
  /** Instances share something (a port, a database): one at a time. */
  readonly exclusive: boolean
  /** Hooks that it has. A case that needs another is not run. */
  readonly hooks: ReadonlySet<Hook>
  /** Resolves when it serves, or when it has refused to start. */
  start(config: InstanceConfig): Promise<Instance | StartRefused>
  /** Resolves when the zone runs, whether or not it has reached its global, or when it has refused to start. */
  startZone(config: ZoneInstanceConfig): Promise<ZoneInstance | StartRefused>
}

export const HOOKS = [
  'start',
  'restart',
  'clock',
  'store-down',
  'platform-down',
  'certificate',
  'log',
  'start-zone',
] as const
export type Hook = (typeof HOOKS)[number]

/** Every field has a default: a global with TLS and zone tokens, keys from its own store. */
export interface InstanceConfig {
  /** `sat`: with a platform, and no control plane made yet. */
  readonly auth?: 'none' | 'zone-token' | 'sat'
  readonly tls?: boolean
  /** Public keys from the configuration. */
  readonly publicKeys?: readonly { readonly kid: string; readonly pem: string }[]
  /** Whether keys in the store count. */
  readonly useSecrets?: boolean
  readonly leewaySeconds?: number
  /** A token must name the audience that those issued by it name. */
  readonly audience?: boolean
  readonly unsafeDelete?: boolean
  /** What becomes of open streams when their credential ends. */
  readonly openStreams?: 'parity' | 'strict'
  /** Who calls the API straight from this machine is its admin. */
  readonly localhostIsAdmin?: boolean
  /** Mode `sat`: how long what the platform said counts when it is away. */
  readonly admissionMaxAgeSeconds?: number
}

/** What a zone is told of its global: what Kuma has under `multizone.zone`. */
export interface ZoneInstanceConfig {
  /** Its name. */
  readonly zone: string
  /** `grpcs://host:port`, or `grpc://host:port` for plaintext. */
  readonly globalAddress: string
  /** PEM file of the authority to trust. */
  readonly caFile: string
  /** File of the token to show. */
  readonly tokenFile: string
  /** Takes any certificate. */
  readonly skipVerify: boolean
}

export interface StartRefused {
  readonly kind: 'refused'
  /** What it said. */
  readonly text: string
}

export interface Instance {
  readonly kind: 'running'
  readonly endpoint: Endpoint
  restart(): Promise<void>
  /** From now on its clock is this far from ours. */
  setClock(offsetMs: number): Promise<void>
  setStoreDown(down: boolean): Promise<void>
  /** Takes the platform away, or gives it back. */
  setPlatformDown(down: boolean): Promise<void>
  /** Serves another certificate of the same authority, without a restart. */
  replaceCertificate(): Promise<void>
  /** All that it has logged. */
  log(): Promise<string>
  stop(): Promise<void>
}

export interface ZoneInstance {
  readonly kind: 'running'
  /** All that it has logged. */
  log(): Promise<string>
  stop(): Promise<void>
}

/** Where a target is and what opens it. */
export interface Endpoint {
  /** `host:port` of KDS. */
  readonly address: string
  readonly trust: ClientTrust
  readonly api?: ApiEndpoint
  /** Of a zone: the API of its global, which has the keys of zone tokens; undefined: the zone stands alone. */
  readonly zoneTokenApi?: ApiEndpoint
  /** `POST /bootstrap` of a zone; undefined: on the port of xDS, as Kuma has it. */
  readonly bootstrap?: ApiEndpoint
  /** The control plane to select, and the header that selects it. */
  readonly cpId?: { readonly header: string; readonly id: string }
  /** Its zones are admitted by access tokens that this issues. */
  readonly platform?: PlatformEndpoint
}

/** The identity and mesh APIs of a Konnect-style service, in one region. */
export interface PlatformEndpoint {
  readonly url: string
  /** For `https`; undefined: the system's. */
  readonly caPem?: string
  /** A personal access token of an organisation admin. */
  readonly userToken: string
  /** The same of another organisation. */
  readonly otherUserToken?: string
  readonly region: string
  /** Headers that put a new control plane on the global that is judged, where the platform has several. */
  readonly placing?: Readonly<Record<string, string>>
}

export interface ApiEndpoint {
  /** `http://host:port`, with a base path if there is one. */
  readonly url: string
  readonly userToken: string | undefined
  /** For `https`; undefined: the system's. */
  readonly caPem?: string
}
