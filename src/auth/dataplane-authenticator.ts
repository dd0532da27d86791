import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { LABEL, type Labels } from '../model/labels.js'
import { type DataplaneClaims, dataplaneClaims } from './claims.js'
import { VerifiedTokens } from './verified-tokens.js'
import { type TokenTrust, type VerifyOptions, verifyToken } from './verify.js'

/** The Dataplane that a sidecar says it is, and the labels of that Dataplane. */
export interface ClaimedDataplane {
  readonly mesh: string
  readonly name: string
  readonly labels: Labels
}

/**
 * Decides whether a sidecar may have the configuration of a Dataplane: at bootstrap, and on the first request of an xDS
 * stream. Throws `unauthenticated` (no token, or one that does not hold), `permission-denied` (it is for another
 * Dataplane), `unavailable`; the texts are Kuma's (`pkg/xds/auth`).
 */
export interface DataplaneAuthenticator {
  /** `authorization`: all values of that header, or the token of a bootstrap request. Bare tokens only, as in Kuma. */
  authenticate(authorization: readonly string[], dataplane: ClaimedDataplane): Promise<void>
}

export interface DataplaneTokenOptions extends VerifyOptions {
  /** The keys and revocations of a mesh; asked with whatever mesh name a sidecar states. */
  readonly trustOf: (mesh: string) => TokenTrust
  /**
   * Whether the Dataplane's identity in the mesh comes from its workload label (a MeshIdentity says so). A token that is
   * not bound to that workload could then take any identity.
   */
  readonly identityFromWorkload: (dataplane: ClaimedDataplane) => boolean | Promise<boolean>
  readonly log: Logger
}

export function dataplaneTokenAuthenticator(options: DataplaneTokenOptions): DataplaneAuthenticator {
  const known = new VerifiedTokens<DataplaneClaims>()
  const refusal = ({ mesh, name }: ClaimedDataplane, text: string, reason: string, jti?: string): AppError => {
    options.log.info('dataplane refused', { mesh, name, reason, jti, text })
    const code = reason === 'other-dataplane' ? 'permission-denied' : 'unauthenticated'
    return new AppError(code, `authentication failed: ${text}`)
  }
  return {
    async authenticate(authorization, dataplane) {
      if (authorization.length > 1) {
        const text = `request must have exactly 1 "authorization" header, got ${authorization.length}`
        throw new AppError('unauthenticated', `could not extract credential from DiscoveryRequest: ${text}`)
      }
      const token = authorization[0] ?? ''
      if (token === '') throw refusal(dataplane, 'the sidecar did not provide a dataplane token', 'no-token')
      const outcome = await verifyToken(
        { token, schema: dataplaneClaims, trust: options.trustOf(dataplane.mesh), known },
        options,
      )
      if (outcome.kind === 'refused') throw refusal(dataplane, outcome.text, outcome.reason, outcome.jti)
      const { claims } = outcome
      const mismatch = mismatchOf(claims, dataplane) ?? (await unboundWorkload(claims, dataplane, options))
      if (mismatch !== undefined) throw refusal(dataplane, mismatch, 'other-dataplane', claims.jti)
    },
  }
}

/** Mode `none`: every sidecar is the Dataplane that it says it is. Warns once, when made. */
export function openDataplaneAuthenticator(log: Logger): DataplaneAuthenticator {
  log.warn('sidecars are not authenticated: whoever reaches this port can act as any dataplane')
  return { authenticate: async () => undefined }
}

/** What the token states that is not true of the Dataplane. Only the mesh must be stated. */
function mismatchOf(claims: DataplaneClaims, { mesh, name, labels }: ClaimedDataplane): string | undefined {
  if (claims.Name !== '' && claims.Name !== name) {
    return `proxy name from requestor: ${name} is different than in token: ${claims.Name}`
  }
  // Kuma takes a token without a mesh for any; with a key shared by mistake a zone token would be one.
  if (claims.Mesh !== mesh) return `proxy mesh from requestor: ${mesh} is different than in token: ${claims.Mesh}`
  for (const [tag, allowed] of Object.entries(claims.Tags)) {
    const value = Object.hasOwn(labels, tag) ? labels[tag] : undefined
    if (value === undefined) return `dataplane has no tag ${quote(tag)} required by the token`
    if (!allowed.includes(value)) {
      const values = `[${[...allowed].sort().map(quote).join(' ')}]`
      return `dataplane contains tag ${quote(tag)} with value ${quote(value)} which is not allowed with this token. Allowed values in token are ${values}`
    }
  }
  if (claims.Workload === '') return undefined
  const workload = labels[LABEL.workload]
  if (workload === undefined) return 'dataplane has no workload label required by the token'
  if (workload !== claims.Workload) {
    return `dataplane workload ${quote(workload)} is not allowed with this token. Allowed workload in token is ${quote(claims.Workload)}`
  }
  return undefined
}

async function unboundWorkload(
  claims: DataplaneClaims,
  dataplane: ClaimedDataplane,
  { identityFromWorkload }: DataplaneTokenOptions,
): Promise<string | undefined> {
  const workload = dataplane.labels[LABEL.workload]
  if (claims.Workload !== '' || workload === undefined || !(await identityFromWorkload(dataplane))) return undefined
  return `dataplane with "${LABEL.workload}" label ${quote(workload)} derives its identity from the workload, so it requires a workload-bound token`
}

function quote(text: string): string {
  return JSON.stringify(text)
}
