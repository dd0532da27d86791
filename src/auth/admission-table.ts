import { timingSafeEqual } from 'node:crypto'
import { unreachable } from '../base/assert.js'
import type { TenantId } from '../model/tenant.js'

/** What the platform says of one control plane of this global. */
export interface AdmittedControlPlane {
  readonly id: TenantId
  readonly organization: string
  readonly region: string
  readonly zoneCredentials: 'sat' | 'zone-token' | 'both'
  readonly personalTokens: boolean
  readonly organizationState: 'active' | 'inactive' | 'deleting' | 'deleted'
}

/** What the platform says of one access token; the token itself is known to its holder alone. */
export interface AdmittedCredential {
  /** SHA-256 of the whole token in hexadecimal. */
  readonly digest: string
  readonly id: string
  readonly tokenKind: 'sat' | 'pat'
  readonly organization: string
  readonly expiresAtMs: number
  readonly zone?: { readonly controlPlane: TenantId; readonly name: string } | undefined
  readonly grants: readonly Grant[]
}

export interface Grant {
  readonly role: string
  readonly controlPlane: TenantId | '*'
  readonly region: string
}

/** One line of the platform's feed (`wire/admission-feed.ts`). */
export type AdmissionLine =
  | { readonly kind: 'reset' | 'complete' | 'heartbeat' }
  | ({ readonly kind: 'control-plane' } & AdmittedControlPlane)
  | ({ readonly kind: 'credential' } & AdmittedCredential)
  | { readonly kind: 'control-plane-gone'; readonly id: TenantId }
  | { readonly kind: 'credential-gone'; readonly digest: string }

/** About whom something else is known now, so that open streams are looked at again. */
export interface AdmissionChange {
  readonly credentials: readonly string[]
  readonly controlPlanes: readonly TenantId[]
}

/**
 * Who may connect zones with access tokens, as the platform last said. A state that is being sent is collected aside and
 * takes effect whole. Pure: time comes in with what is asked.
 */
export class AdmissionTable {
  #known = noFacts()
  #arriving: Facts | undefined
  #currentAtMs: number | undefined

  /** `nowMs` is monotonic, as everywhere in this class. */
  apply(line: AdmissionLine, nowMs: number): AdmissionChange {
    if (line.kind === 'reset') {
      this.#arriving = noFacts()
      return NOTHING
    }
    if (line.kind === 'complete') return this.#complete(nowMs)
    // What is known stays as old as it was until all of the new state is here.
    if (this.#arriving) {
      record(this.#arriving, line)
      return NOTHING
    }
    this.#currentAtMs = nowMs
    return record(this.#known, line)
  }

  /** How long ago the platform last confirmed what is known; undefined: it never has. */
  ageMs(nowMs: number): number | undefined {
    return this.#currentAtMs === undefined ? undefined : nowMs - this.#currentAtMs
  }

  /** By the digest of what was presented. An unknown one is compared too, so that both take the same time. */
  credential(digest: Buffer): AdmittedCredential | undefined {
    const found = this.#known.credentials.get(digest.toString('hex'))
    return timingSafeEqual(found?.bytes ?? NO_DIGEST, digest) ? found?.credential : undefined
  }

  controlPlane(id: TenantId): AdmittedControlPlane | undefined {
    return this.#known.controlPlanes.get(id)
  }

  #complete(nowMs: number): AdmissionChange {
    this.#currentAtMs = nowMs
    if (!this.#arriving) return NOTHING
    const before = this.#known
    this.#known = this.#arriving
    this.#arriving = undefined
    // Whoever was known may not be any more; who is new has no stream yet.
    return { credentials: [...before.credentials.keys()], controlPlanes: [...before.controlPlanes.keys()] }
  }
}

interface Facts {
  readonly credentials: Map<string, { readonly bytes: Buffer; readonly credential: AdmittedCredential }>
  readonly controlPlanes: Map<TenantId, AdmittedControlPlane>
}

const noFacts = (): Facts => ({ credentials: new Map(), controlPlanes: new Map() })

const NOTHING: AdmissionChange = { credentials: [], controlPlanes: [] }

/** No token's digest, as far as anyone can know. */
const NO_DIGEST = Buffer.alloc(32)

function record(facts: Facts, line: AdmissionLine): AdmissionChange {
  switch (line.kind) {
    case 'credential':
      facts.credentials.set(line.digest, { bytes: Buffer.from(line.digest, 'hex'), credential: line })
      return { ...NOTHING, credentials: [line.digest] }
    case 'credential-gone':
      facts.credentials.delete(line.digest)
      return { ...NOTHING, credentials: [line.digest] }
    case 'control-plane':
      facts.controlPlanes.set(line.id, line)
      return { ...NOTHING, controlPlanes: [line.id] }
    case 'control-plane-gone':
      facts.controlPlanes.delete(line.id)
      return { ...NOTHING, controlPlanes: [line.id] }
    case 'reset':
    case 'complete':
    case 'heartbeat':
      return NOTHING
    default:
      return unreachable(line)
  }
}
