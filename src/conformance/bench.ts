import type { KeyObject } from 'node:crypto'
import type { CallDraft, Field } from './call-draft.js'
import type { Endpoint } from './controller.js'
import type { TargetPlatform } from './target-platform.js'

/** What a case makes its calls with: a zone of its own, a legal credential for it, and what forgeries are made of. */
export interface Bench {
  /** The zone that this lane may act as. */
  readonly zone: string
  /** Whom a legal token of this way in is for, as it says it. */
  readonly claims: Readonly<Record<string, unknown>>
  /** A zone that no legal call has ever named; it must not come into being. */
  readonly unseenZone: string
  /** Now, in whole seconds. */
  readonly nowS: number
  /** What a legal call of the peer of this lane shows: an access token where the target has a platform, else one of the issuer. */
  legalToken(): Promise<string>
  /** A legal token of another kind, from the API. Needs `api`. */
  tokenOf(kind: TokenKind): Promise<string>
  /** Needs `keys`; throws AppError `invalid-argument` when the private key is not at hand. */
  readonly signing: SigningMaterial
  /** An RSA key that the target has never heard of. */
  readonly strangerKey: KeyObject
  /** A web address that nobody has a reason to call; that a token names it is noticed, and so is a call. */
  readonly canaryUrl: string
  uuid(): string
  /** The header that selects the control plane, and the one that is selected; undefined: there is only one. */
  readonly cpId: Endpoint['cpId']
  /** Needs `platform`; throws AppError `invalid-argument` when the target has none. */
  readonly platform: TargetPlatform
  /** The metadata of a call with this credential; undefined: none. On KDS the zone is said too, and the control plane. */
  fields(authorization: string | Buffer | undefined, zone?: string, controlPlane?: string): readonly Field[]
  /** A legal call. */
  legalCall(): Promise<CallDraft>
}

export type TokenKind = 'zone' | 'dataplane' | 'user'

export interface SigningMaterial {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Makes the call for the zone of the lane that the case runs in. */
export type CallPlan = (bench: Bench) => CallDraft | Promise<CallDraft>
