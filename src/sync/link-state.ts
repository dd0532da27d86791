import { unreachable } from '../base/assert.js'
import type { CloseReason } from '../protocol/close-reason.js'

/**
 * The zone's connection to its global. All six RPCs live and die together, as Kuma's do (`pkg/kds/mux/client.go`).
 * `attempt` counts failures since the link last proved good: a first message from the global, not a mere connect.
 */
export type LinkState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'dialing'; readonly attempt: number }
  | { readonly kind: 'streaming'; readonly sinceMs: number }
  | { readonly kind: 'backing-off'; readonly attempt: number; readonly reason: CloseReason; readonly sinceMs: number }

export type LinkEvent =
  | { readonly kind: 'start' }
  /** The first message that the global sent on a sync stream. */
  | { readonly kind: 'heard'; readonly nowMs: number }
  | { readonly kind: 'ended'; readonly reason: CloseReason; readonly nowMs: number }
  | { readonly kind: 'backoff-over' }
  | { readonly kind: 'stop' }

export type LinkEffect =
  | { readonly kind: 'dial' }
  | { readonly kind: 'wait'; readonly attempt: number }
  /** Close everything before anything is opened again (kds.md trap 12). */
  | { readonly kind: 'hang-up' }

export interface LinkStep {
  readonly state: LinkState
  readonly effects: readonly LinkEffect[]
}

export function stepLink(state: LinkState, event: LinkEvent): LinkStep {
  switch (event.kind) {
    case 'start':
      return state.kind === 'stopped'
        ? { state: { kind: 'dialing', attempt: 0 }, effects: [{ kind: 'dial' }] }
        : same(state)
    case 'heard':
      return state.kind === 'dialing'
        ? { state: { kind: 'streaming', sinceMs: event.nowMs }, effects: [] }
        : same(state)
    case 'ended':
      return ended(state, event)
    case 'backoff-over':
      if (state.kind !== 'backing-off') return same(state)
      return { state: { kind: 'dialing', attempt: state.attempt }, effects: [{ kind: 'dial' }] }
    case 'stop':
      return { state: { kind: 'stopped' }, effects: [{ kind: 'hang-up' }] }
    default:
      return unreachable(event)
  }
}

function ended(state: LinkState, event: { readonly reason: CloseReason; readonly nowMs: number }): LinkStep {
  if (state.kind !== 'dialing' && state.kind !== 'streaming') return same(state)
  const attempt = state.kind === 'dialing' ? state.attempt + 1 : 1
  return {
    state: { kind: 'backing-off', attempt, reason: event.reason, sinceMs: event.nowMs },
    effects: [{ kind: 'hang-up' }, { kind: 'wait', attempt: attempt - 1 }],
  }
}

function same(state: LinkState): LinkStep {
  return { state, effects: [] }
}
