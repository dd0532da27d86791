/**
 * The metadata that a zone sends on every call (kuma `pkg/kds/mux/client.go`). The header that selects the control plane
 * is configurable and so not here (`auth/zone-call.ts`).
 */
export const KDS_HEADER = {
  clientId: 'client-id',
  kdsVersion: 'kds-version',
  zoneVersion: 'zone-version',
  features: 'features',
  version: 'version',
  authorization: 'authorization',
} as const

/** Header names in lower case, each with its values in order. */
export type Headers = Readonly<Record<string, readonly string[]>>

export interface ZoneHeaders {
  readonly zone: string
  /** The zone control plane's build version. */
  readonly version: string
  readonly features: readonly string[]
  /** Sent bare, as Kuma's zones do; undefined: no credential. */
  readonly token: string | undefined
  /** The control plane to select; undefined: the server's default. */
  readonly cpId: { readonly header: string; readonly id: string } | undefined
}

export function zoneHeaders({ zone, version, features, token, cpId }: ZoneHeaders): Headers {
  return {
    [KDS_HEADER.clientId]: [zone],
    [KDS_HEADER.kdsVersion]: ['v3'],
    [KDS_HEADER.zoneVersion]: ['v3'],
    [KDS_HEADER.features]: features,
    [KDS_HEADER.version]: [version],
    ...(token !== undefined && { [KDS_HEADER.authorization]: [token] }),
    ...(cpId && { [cpId.header]: [cpId.id] }),
  }
}

/**
 * All values of a header, from the fields as they came. A repeated one may arrive joined by commas, which is what its
 * repetition means (RFC 9110 §5.3); an `authorization` is never taken apart.
 */
export function headerValues(name: string, received: readonly string[]): readonly string[] {
  if (name === KDS_HEADER.authorization) return received
  return received.flatMap((text) => text.split(',').map((value) => value.trim()))
}
