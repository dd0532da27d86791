/** Every field has a default: a global with TLS and zone tokens, keys from its own store. */
export interface InstanceConfig {
  readonly auth?: 'none' | 'zone-token'
  readonly tls?: boolean
  /** Public keys from the configuration. */
  readonly publicKeys?: readonly { readonly kid: string; readonly pem: string }[]
  /** Whether keys in the store count. */
  readonly useSecrets?: boolean
  readonly leewaySeconds?: number
  readonly audience?: string
  readonly unsafeDelete?: boolean
}

export interface Instance {
  readonly kind: 'running'
  readonly endpoint: Endpoint
  restart(): Promise<void>
  /** From now on its clock is this far from ours. */
  setClock(offsetMs: number): Promise<void>
  setStoreDown(down: boolean): Promise<void>
  /** Serves another certificate of the same authority, without a restart. */
  replaceCertificate(): Promise<void>
  /** All that it has logged. */
  log(): Promise<string>
  stop(): Promise<void>
}

/** Where a target is and what opens it. */
export interface Endpoint {
  /** `host:port` of KDS. */
  readonly address: string
  /** PEM; undefined: plaintext. */
  readonly caPem: string | undefined
  readonly api?: ApiEndpoint
  /** The control plane to select, and the header that selects it. */
  readonly cpId?: { readonly header: string; readonly id: string }
}

export interface ApiEndpoint {
  /** `http://host:port`, with a base path if there is one. */
  readonly url: string
  readonly userToken: string | undefined
  /** For `https`; undefined: the system's. */
  readonly caPem?: string
}
