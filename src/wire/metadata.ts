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
 * All values of a header. HTTP/2 in Node hands repeated headers over as one text joined by commas, which is what their
 * repetition means (RFC 9110 §5.3); of a repeated `authorization` it keeps the first, so that one is never taken apart.
 */
export function headerValues(name: string, received: readonly (string | Uint8Array)[]): readonly string[] {
  const texts = received.filter((value) => typeof value === 'string')
  if (name === KDS_HEADER.authorization) return texts
  return texts.flatMap((text) => text.split(',').map((value) => value.trim()))
}
