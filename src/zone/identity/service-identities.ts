import { type Resource, specOf } from '../../model/resource.js'
import type { MeshServiceSpec } from '../../model/specs/mesh-service.js'
import type { MeshTrustSpec } from '../../model/specs/mesh-trust.js'
import type { IdentityContext } from './plan-identities.js'
import { bestIdentity, isPartiallyReady, isReady, matchingIdentities } from './selection.js'
import { spiffeIdOf, trustDomainOf } from './spiffe-id.js'

type Identities = NonNullable<MeshServiceSpec['identities']>

/** The SPIFFE IDs that a service's dataplanes may show, each once and sorted; undefined when there is none. */
export function serviceIdentities(
  { mirror, mesh, zone }: IdentityContext,
  dataplanes: readonly Resource[],
): Identities | undefined {
  const named = [...mirror.of(mesh, 'MeshIdentity').values()].filter((one) => isReady(one) || isPartiallyReady(one))
  if (named.length === 0) return undefined
  const ids = new Set(
    dataplanes.flatMap((dataplane) =>
      matchingIdentities(dataplane.labels, named).flatMap(
        (identity) => ifNamed(() => spiffeIdOf(identity, dataplane, zone)) ?? [],
      ),
    ),
  )
  return ids.size === 0 ? undefined : [...ids].sort().map((value) => ({ type: 'SpiffeID', value }))
}

export type TlsStatus = 'Ready' | 'NotReady'

/**
 * Whether a service's clients may speak the mesh's TLS to it: all its dataplanes have certificates of a trust domain
 * that the mesh trusts. Once ready it stays so while the mesh has a MeshIdentity: a dataplane that comes is served
 * with its certificate from the start, and a moment's NotReady would send it plain text (kuma `meshservice/status`).
 */
export function tlsStatus(
  { mirror, mesh, zone }: IdentityContext,
  before: TlsStatus | undefined,
  dataplanes: readonly Resource[],
): TlsStatus {
  const identities = [...mirror.of(mesh, 'MeshIdentity').values()]
  if (identities.length === 0) return 'NotReady'
  if (before === 'Ready') return 'Ready'
  const trusted = new Set(
    [...mirror.of(mesh, 'MeshTrust').values()].map((trust) => specOf<MeshTrustSpec>(trust).trustDomain),
  )
  const hasCertificate = (dataplane: Resource) => {
    const identity = bestIdentity(dataplane.labels, identities)
    if (identity === undefined || !isReady(identity)) return false
    const trustDomain = ifNamed(() => trustDomainOf(identity, zone))
    return trustDomain !== undefined && trusted.has(trustDomain)
  }
  return dataplanes.every(hasCertificate) ? 'Ready' : 'NotReady'
}

/** What cannot be named, for lack of a label or by a template that was just changed, has no name for now. */
function ifNamed(name: () => string): string | undefined {
  try {
    return name()
  } catch {
    return undefined
  }
}
