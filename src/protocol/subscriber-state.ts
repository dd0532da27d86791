import { invariant, unreachable } from '../base/assert.js'
import type { CloseReason } from './close-reason.js'
import type { DeltaRequest, DeltaResponse, Nonce } from './messages.js'
import type { Outcome, ReceivedBatch } from './ports.js'
import { WILDCARD } from './subscription.js'

/**
 * One type of one subscriber's stream.
 *
 *   unasked ── turn ──▶ asked ── responded ──▶ applying ── outcome ──▶ live
 *                                                 ▲                     │
 *                                                 └───── responded ─────┘
 */
export type SubscriberState = Unasked | Asked | Applying | Live

export interface Unasked {
  readonly kind: 'unasked'
  readonly wanted: ReadonlySet<string>
  readonly initialVersions: ReadonlyMap<string, string>
  /** Its last name was given up before it was asked for. A first request that names nothing would mean everything. */
  readonly dormant: boolean
}

export interface Asked extends Told {
  readonly kind: 'asked'
  /** No initial versions were sent: what the first response lacks is to be deleted. */
  readonly wholeTruth: boolean
}

export interface Applying extends Told {
  readonly kind: 'applying'
  readonly nonce: Nonce
}

export interface Live extends Told {
  readonly kind: 'live'
  /** Not yet sent. At most one: a newer answer takes its place (S4). */
  readonly answer: Answer | undefined
}

interface Told {
  /** Names that are to be subscribed, and those that the publisher has been told: the difference is the next request. */
  readonly wanted: ReadonlySet<string>
  readonly told: ReadonlySet<string>
  /** Told names that were given up since, if only for a moment: who wants one again has lost it and asks anew. */
  readonly givenUp: ReadonlySet<string>
}

interface Answer {
  readonly nonce: Nonce
  readonly error: string | undefined
}

export type SubscriberEvent<P> =
  /** The transport is free and it is this type's turn to speak. */
  | { readonly kind: 'turn' }
  | { readonly kind: 'responded'; readonly response: DeltaResponse<P> }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'names-changed'; readonly names: readonly string[] }

export type SubscriberEffect<P> =
  | { readonly kind: 'send'; readonly first: boolean; readonly request: Words }
  | { readonly kind: 'apply'; readonly batch: ReceivedBatch<P> }
  | { readonly kind: 'end'; readonly reason: CloseReason }

/** A request without what the shell knows: its type and who is asking. */
export type Words = Omit<DeltaRequest, 'type' | 'node'>

export interface SubscriberStep<P> {
  readonly state: SubscriberState
  readonly effects: readonly SubscriberEffect<P>[]
}

export interface SubscriberRules {
  /** A NACK of everything names `*` again, as Kuma's does (kds.md §2.6). */
  readonly nackRepeatsWildcard: boolean
}

export function unasked(names: readonly string[], initialVersions: ReadonlyMap<string, string>): Unasked {
  return { kind: 'unasked', wanted: new Set(names), initialVersions, dormant: false }
}

/** Whether the type has something to tell the publisher. */
export function hasWords(state: SubscriberState): boolean {
  if (state.kind === 'unasked') return !state.dormant
  if (state.kind === 'live' && state.answer) return true
  return state.wanted !== state.told
}

export function step<P>(state: SubscriberState, event: SubscriberEvent<P>, rules: SubscriberRules): SubscriberStep<P> {
  switch (event.kind) {
    case 'turn':
      return speak(state, rules)
    case 'responded':
      return responded(state, event.response)
    case 'outcome':
      invariant(state.kind === 'applying', 'an outcome belongs to a batch that is being applied')
      return concluded(state, event.outcome)
    case 'names-changed':
      return { state: wanting(state, new Set(event.names)), effects: [] }
    default:
      return unreachable(event)
  }
}

function speak<P>(state: SubscriberState, rules: SubscriberRules): SubscriberStep<P> {
  if (!hasWords(state)) return { state, effects: [] }
  const { wanted } = state
  if (state.kind === 'unasked') {
    const { initialVersions } = state
    const request = { ...SILENT, subscribe: [...wanted], initialVersions }
    const asked: Asked = { kind: 'asked', wanted, told: wanted, givenUp: NONE, wholeTruth: initialVersions.size === 0 }
    return { state: asked, effects: [{ kind: 'send', first: true, request }] }
  }
  const answer = state.kind === 'live' ? state.answer : undefined
  if (state.kind === 'live' && answer?.error !== undefined) {
    // A NACK is an answer alone: a publisher that holds to this would not see changes of names in it.
    const subscribe = rules.nackRepeatsWildcard && state.told.has(WILDCARD) ? [WILDCARD] : []
    const request = { ...SILENT, ...answer, subscribe }
    return { state: { ...state, answer: undefined }, effects: [{ kind: 'send', first: false, request }] }
  }
  const subscribe = [...wanted].filter((name) => !state.told.has(name) || state.givenUp.has(name))
  const unsubscribe = [...state.told].filter((name) => !wanted.has(name))
  const request = { ...SILENT, ...answer, subscribe, unsubscribe }
  const told = { ...state, told: wanted, givenUp: NONE, ...(state.kind === 'live' && { answer: undefined }) }
  return { state: told, effects: [{ kind: 'send', first: false, request }] }
}

const NONE: ReadonlySet<string> = new Set()
const SILENT: Words = { nonce: '', subscribe: [], unsubscribe: [], initialVersions: new Map(), error: undefined }

function responded<P>(state: SubscriberState, response: DeltaResponse<P>): SubscriberStep<P> {
  const { type, nonce, resources, removed } = response
  if (state.kind === 'unasked') return violated(state, `a response has type ${type}, which was not asked for`)
  if (nonce === '') return violated(state, `a response of type ${type} has no nonce`)
  invariant(state.kind !== 'applying', 'a stream is paused while it applies')
  const wholeTruth = state.kind === 'asked' && state.wholeTruth
  const { wanted, told, givenUp } = state
  const batch = { type, wholeTruth, resources, removed }
  return { state: { kind: 'applying', wanted, told, givenUp, nonce }, effects: [{ kind: 'apply', batch }] }
}

function concluded<P>({ wanted, told, givenUp, nonce }: Applying, outcome: Outcome): SubscriberStep<P> {
  const live = (error: string | undefined): SubscriberStep<P> => {
    return { state: { kind: 'live', wanted, told, givenUp, answer: { nonce, error } }, effects: [] }
  }
  switch (outcome.kind) {
    case 'applied':
      return live(undefined)
    case 'refused':
      return live(outcome.refusals.map(({ reason }) => reason).join('\n'))
    case 'failed': {
      const state: Live = { kind: 'live', wanted, told, givenUp, answer: undefined }
      return { state, effects: [{ kind: 'end', reason: { kind: 'apply-failed', detail: outcome.detail } }] }
    }
    default:
      return unreachable(outcome)
  }
}

function wanting(state: SubscriberState, names: ReadonlySet<string>): SubscriberState {
  if (state.kind === 'unasked') {
    // What was given up, if only for a moment, is no longer held.
    const held = [...state.initialVersions].filter(([name]) => names.has(name) || names.has(WILDCARD))
    return { ...state, wanted: names, initialVersions: new Map(held), dormant: names.size === 0 }
  }
  const { told } = state
  const givenUp = new Set([...state.givenUp, ...[...told].filter((name) => !names.has(name))])
  const same = names.size === told.size && [...names].every((name) => told.has(name) && !givenUp.has(name))
  return { ...state, wanted: same ? told : names, givenUp }
}

function violated<P>(state: SubscriberState, detail: string): SubscriberStep<P> {
  return { state, effects: [{ kind: 'end', reason: { kind: 'protocol-error', detail } }] }
}
