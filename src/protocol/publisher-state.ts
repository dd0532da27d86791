import { invariant, unreachable } from '../base/assert.js'
import type { CloseReason } from './close-reason.js'
import type { DeltaRequest, Nonce } from './messages.js'
import type { Batch, Cursor, Next, Refusal, Removals, Since, Subscription } from './ports.js'
import {
  changeSubscription,
  firstSubscription,
  type SubscriptionChange,
  tellAnew,
  toldAnew,
  WILDCARD,
} from './subscription.js'

/**
 * One type of one publisher's stream. Nothing is sent in `awaiting`, so at most one response of a type is in flight (P1).
 *
 *            source-answered: batch
 *   quiet ──────────────────────────▶ awaiting
 *     ▲                                  │
 *     └──────── acked, nacked ───────────┘   both make known what was sent (P2)
 */
export type PublisherState = Quiet | Awaiting

export interface Quiet extends Standing {
  readonly kind: 'quiet'
}

export interface Awaiting extends Standing {
  readonly kind: 'awaiting'
  /** In flight; its cursor becomes known with the answer. */
  readonly batch: Batch
  readonly sentAtMs: number
}

interface Standing {
  readonly subscription: Subscription
  /** What the peer has, as far as it has answered. */
  readonly known: Since
  /** The source may have more than was sent. */
  readonly pending: boolean
  /** The peer asked for everything again; it is due once the increments that it lacks are known. */
  readonly repeat: boolean
  /** The source was asked to leave removals out; they are due once nothing stands in their way. */
  readonly held: boolean
  /** What the peer refused and still refuses. It changes nothing about what is sent (P3). */
  readonly refusals: ReadonlyMap<string, Refusal>
}

export type PublisherEvent =
  | { readonly kind: 'acked' }
  | { readonly kind: 'nacked'; readonly reason: string }
  | { readonly kind: 'stale-nonce'; readonly nonce: Nonce }
  | { readonly kind: 'subscribe-changed'; readonly change: SubscriptionChange }
  /** Another type's batch went out on which these names depend: they ride again (`order.ts`). */
  | { readonly kind: 'renewed'; readonly names: readonly string[] }
  | { readonly kind: 'source-changed' }
  | {
      readonly kind: 'source-answered'
      readonly next: Next
      readonly removals: Removals
      /** The source was asked for everything, to repeat it. */
      readonly whole: boolean
      readonly nowMs: number
    }
  | { readonly kind: 'overdue'; readonly nowMs: number }

export type PublisherEffect =
  | { readonly kind: 'send'; readonly batch: Batch }
  | {
      readonly kind: 'answered'
      readonly batch: Batch
      readonly error: string | undefined
      readonly sentAtMs: number
    }
  | { readonly kind: 'stale-nonce'; readonly nonce: Nonce }
  | { readonly kind: 'withheld'; readonly reason: string }
  | { readonly kind: 'overdue'; readonly waitedMs: number }
  | { readonly kind: 'end'; readonly reason: CloseReason }

export interface PublisherStep {
  readonly state: PublisherState
  readonly effects: readonly PublisherEffect[]
}

/** More than a person reads. A NACK that names nothing suspects its whole batch, which may be a type's every resource. */
export const REFUSALS_MAX = 100

/** The state that the first request of a type makes: the first response is owed, even if it is empty (P5). */
export function firstState(request: DeltaRequest): Quiet {
  const { initialVersions } = request
  return {
    kind: 'quiet',
    subscription: firstSubscription(request),
    known: initialVersions.size > 0 ? { kind: 'versions', versions: initialVersions } : { kind: 'nothing' },
    pending: true,
    repeat: false,
    held: false,
    refusals: new Map(),
  }
}

/**
 * Parses a later request, which may answer a response and change the subscription in one message.
 * A stale nonce voids the answer alone. Names that a NACK repeats are no wish (Kuma's repeats the wildcard, kds.md §2.6);
 * new ones and those given up are: Envoy says them in whatever message comes next.
 */
export function readRequest(state: PublisherState, request: DeltaRequest): PublisherEvent[] {
  const events: PublisherEvent[] = []
  if (request.nonce !== '') {
    const awaited = state.kind === 'awaiting' && state.batch.response.nonce === request.nonce
    if (!awaited) events.push({ kind: 'stale-nonce', nonce: request.nonce })
    else if (request.error === undefined) events.push({ kind: 'acked' })
    else events.push({ kind: 'nacked', reason: request.error })
  }
  const asked = request.error === undefined ? request : withoutRepeats(request, state.subscription)
  const change = changeSubscription(state.subscription, asked)
  if (change) events.push({ kind: 'subscribe-changed', change })
  return events
}

function withoutRepeats(request: DeltaRequest, { names }: Subscription): DeltaRequest {
  return { ...request, subscribe: request.subscribe.filter((name) => name !== WILDCARD && !names.has(name)) }
}

export function step(state: PublisherState, event: PublisherEvent): PublisherStep {
  switch (event.kind) {
    case 'acked':
      return answered(state, undefined)
    case 'nacked':
      return answered(state, event.reason)
    case 'stale-nonce':
      return { state, effects: [{ kind: 'stale-nonce', nonce: event.nonce }] }
    case 'subscribe-changed':
      return quietly(resubscribed(state, event.change))
    case 'renewed': {
      const subscription = tellAnew(state.subscription, event.names)
      return quietly({ ...state, subscription, pending: state.pending || subscription.anew.size > 0 })
    }
    case 'source-changed':
      return quietly({ ...state, pending: true })
    case 'source-answered':
      invariant(state.kind === 'quiet', 'the source is asked while a response is in flight')
      return taken(state, event)
    case 'overdue':
      if (state.kind === 'quiet') return quietly(state)
      return { state, effects: [{ kind: 'overdue', waitedMs: event.nowMs - state.sentAtMs }] }
    default:
      return unreachable(event)
  }
}

function quietly(state: PublisherState): PublisherStep {
  return { state, effects: [] }
}

function answered(state: PublisherState, error: string | undefined): PublisherStep {
  invariant(state.kind === 'awaiting', 'an answer to nothing is a stale nonce')
  const { batch, sentAtMs, subscription, pending, repeat, held } = state
  const refusals = judged(state.refusals, batch, error)
  return {
    state: { kind: 'quiet', subscription, known: at(batch.cursor), pending, repeat, held, refusals },
    effects: [{ kind: 'answered', batch, error, sentAtMs }],
  }
}

function resubscribed(state: PublisherState, { subscription, repeat }: SubscriptionChange): PublisherState {
  // A first response that is still to be sent carries everything that is asked for by then.
  const firstOwed = state.kind === 'quiet' && state.known.kind !== 'cursor'
  const due = repeat && !firstOwed
  return {
    ...state,
    subscription,
    repeat: subscription.wildcard && (state.repeat || due),
    pending: state.pending || due || subscription.anew.size > 0,
  }
}

function taken(state: Quiet, event: PublisherEvent & { kind: 'source-answered' }): PublisherStep {
  const { next } = event
  const asked = { ...state, pending: false, held: event.removals === 'later' }
  switch (next.kind) {
    case 'batch': {
      const sent: Awaiting = {
        ...asked,
        kind: 'awaiting',
        subscription: toldAnew(state.subscription),
        batch: next.batch,
        sentAtMs: event.nowMs,
        // Before the repeat came an increment: everything is still due after its answer.
        pending: state.repeat && !event.whole,
        repeat: state.repeat && !event.whole,
        refusals: superseded(state.refusals, next.batch),
      }
      return { state: sent, effects: [{ kind: 'send', batch: next.batch }] }
    }
    case 'nothing':
      invariant(
        state.known.kind === 'cursor' && !event.whole,
        'the first response of a type, and a repeat, always come',
      )
      return quietly({ ...asked, subscription: toldAnew(state.subscription), known: at(next.cursor) })
    case 'not-ready':
      return quietly(asked)
    case 'withheld':
      return { state: { ...asked, repeat: false }, effects: [{ kind: 'withheld', reason: next.reason }] }
    case 'start-over':
      return { state: asked, effects: [{ kind: 'end', reason: { kind: 'fell-behind', detail: FELL_BEHIND } }] }
    default:
      return unreachable(next)
  }
}

const FELL_BEHIND = 'the changes since the last answer are no longer kept; open the stream again'

function at(cursor: Cursor): Since {
  return { kind: 'cursor', cursor }
}

/**
 * The answer is the last word on each name of its batch: what was refused before in the same version may be accepted now.
 * A NACK has one text for its batch: whoever it mentions is refused, and if it mentions nobody, all are suspects.
 */
function judged(
  refusals: ReadonlyMap<string, Refusal>,
  { entries }: Batch,
  error: string | undefined,
): ReadonlyMap<string, Refusal> {
  if (error === undefined && refusals.size === 0) return refusals
  const remaining = new Map(refusals)
  for (const { name } of entries) remaining.delete(name)
  if (error === undefined) return remaining
  const mentioned = entries.filter(({ name }) => mentions(error, name))
  const suspects = mentioned.length > 0 ? mentioned : entries
  const added = suspects.map(({ name, version }) => [name, { name, version, reason: error }] as const)
  return new Map([...remaining, ...added].slice(-REFUSALS_MAX))
}

/** Whether a text holds the name as a word of its own: `b` is in `"b": bad`, and `a` is not. */
function mentions(text: string, name: string): boolean {
  if (name === '') return false
  const partOfWord = (character = ' ') => /[\w-]/.test(character)
  for (let from = text.indexOf(name); from >= 0; from = text.indexOf(name, from + 1))
    if (!partOfWord(text[from - 1]) && !partOfWord(text[from + name.length])) return true
  return false
}

/** A refusal is over when another version of the name, or its removal, is on its way. */
function superseded(refusals: ReadonlyMap<string, Refusal>, batch: Batch): ReadonlyMap<string, Refusal> {
  if (refusals.size === 0) return refusals
  const remaining = new Map(refusals)
  for (const { name, version } of batch.entries) if (remaining.get(name)?.version !== version) remaining.delete(name)
  for (const name of batch.removed) remaining.delete(name)
  return remaining
}
