import type { KeyObject } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { CaseId, Profile } from '../../../src/conformance/matrix.js'

/**
 * A fault that a global could have, played by a gate of our own in front of a sound one. It lives here and nowhere in `src`,
 * so that no release can have it; a suite that judges from outside cannot tell the difference.
 */
export interface Fault {
  /** What a target with it does, as a sentence without a subject: `accepts alg none`. */
  readonly name: string
  /** Each of these turns red; others may. */
  readonly caughtBy: readonly CaseId[]
  /** Which the target is judged by; default: `zone-jwt`. */
  readonly profiles?: readonly Profile[]
  /** What the sound global gets to see in place of a call, or an answer that it never sees. */
  readonly weaken?: (call: Call, world: World) => Weakened | Promise<Weakened>
  /** The sound global has answered it, and not with a refusal. */
  readonly served?: (call: Call, world: World) => void
  /** What the caller gets in place of a refusal. */
  readonly tell?: (refusal: Refusal, call: Call, world: World) => Refusal | Promise<Refusal>
  /** What a stream that the sound global serves is sent beside its answers. */
  readonly sends?: (call: Call, world: World) => string | undefined
  /** The same before the REST API: of the platform where there is one, else of the control plane. */
  readonly rest?: (call: RestCall, world: Knowledge, send: SendRest) => Promise<RestAnswer>
}

/** A request to a REST API. */
export interface RestCall {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface RestAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

/** Asks the sound one. */
export type SendRest = (call: RestCall) => Promise<RestAnswer>

type Weakened = Call | Refusal

/** A call as it came over the wire, every field in order. */
export interface Call {
  readonly fields: readonly Field[]
  /** Of the connection that it came on. */
  readonly connection: Set<string>
}

export type Field = readonly [name: string, value: string]

export interface Refusal {
  readonly kind: 'refusal'
  readonly status: number
  readonly text: string
  /** A message of the response goes before the refusal. */
  readonly late?: boolean
}

/** What a faulty gate knows: all that a global knows, and the connections that it holds. */
export interface World extends Knowledge {
  /** Ends the connections on which calls of the zone of this one have come, but its own. */
  disturb(call: Call): void
}

export interface Knowledge {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Public keys of other things than zone tokens: of user tokens, of other control planes. */
  readonly otherKeys: readonly KeyObject[]
  /** Whatever a fault remembers between calls. */
  readonly memory: Set<string>
  readonly log: string[]
  /** Of the admin of the control plane, or of the organisation where there is a platform. */
  readonly adminToken: string | undefined
  /** Of an admin of the organisation, where the target has a platform. */
  readonly platformToken: string | undefined
  readonly otherPlatformToken: string | undefined
  /** The kid of the newest key of zone tokens. */
  newestKid(): Promise<string | undefined>
  /** Makes a Zone. */
  makeZone(name: string): Promise<void>
  /** The lists of all control planes of the platform. */
  revokedAnywhere(): Promise<string>
  sleep(delayMs: number): Promise<void>
}

export function field({ fields }: Call, name: string): string | undefined {
  return fields.find(([candidate]) => candidate === name)?.[1]
}

/** The call with one field in place of all of its name; undefined takes them out. */
export function withField(call: Call, name: string, value: string | undefined): Call {
  const rest = call.fields.filter(([candidate]) => candidate !== name)
  return { ...call, fields: value === undefined ? rest : [...rest, [name, value]] }
}

export function refusal(status: number, text: string): Refusal {
  return { kind: 'refusal', status, text }
}
