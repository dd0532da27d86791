import { describe, expect, test } from 'vitest'
import { type LinkEvent, type LinkState, type LinkStep, stepLink } from '../../../src/sync/link-state.js'

const REASON = { kind: 'peer-lost', detail: 'reset' } as const
const NOW = 500

const STATES = {
  stopped: { kind: 'stopped' },
  dialing: { kind: 'dialing', attempt: 3 },
  streaming: { kind: 'streaming', sinceMs: 100 },
  'backing-off': { kind: 'backing-off', attempt: 3, reason: REASON, sinceMs: 100 },
} as const satisfies { readonly [K in LinkState['kind']]: Extract<LinkState, { kind: K }> }

const EVENTS = {
  start: { kind: 'start' },
  heard: { kind: 'heard', nowMs: NOW },
  ended: { kind: 'ended', reason: REASON, nowMs: NOW },
  'backoff-over': { kind: 'backoff-over' },
  stop: { kind: 'stop' },
} as const satisfies { readonly [K in LinkEvent['kind']]: Extract<LinkEvent, { kind: K }> }

const DIAL = [{ kind: 'dial' }] as const
const STOPPED: LinkStep = { state: { kind: 'stopped' }, effects: [{ kind: 'hang-up' }] }

function failed(attempt: number): LinkStep {
  return {
    state: { kind: 'backing-off', attempt, reason: REASON, sinceMs: NOW },
    effects: [{ kind: 'hang-up' }, { kind: 'wait', attempt: attempt - 1 }],
  }
}

/** A missing cell does not compile. */
const TABLE: Readonly<Record<LinkState['kind'], Readonly<Record<LinkEvent['kind'], LinkStep | 'same'>>>> = {
  stopped: {
    start: { state: { kind: 'dialing', attempt: 0 }, effects: DIAL },
    heard: 'same',
    ended: 'same',
    'backoff-over': 'same',
    stop: STOPPED,
  },
  dialing: {
    start: 'same',
    heard: { state: { kind: 'streaming', sinceMs: NOW }, effects: [] },
    ended: failed(4),
    'backoff-over': 'same',
    stop: STOPPED,
  },
  streaming: { start: 'same', heard: 'same', ended: failed(1), 'backoff-over': 'same', stop: STOPPED },
  'backing-off': {
    start: 'same',
    heard: 'same',
    ended: 'same',
    'backoff-over': { state: { kind: 'dialing', attempt: 3 }, effects: DIAL },
    stop: STOPPED,
  },
}

describe.each(Object.entries(TABLE))('a link that is %s', (state, cells) => {
  test.each(Object.entries(cells))('on %s', (event, expected) => {
    const before = STATES[state as LinkState['kind']]
    const step = stepLink(before, EVENTS[event as LinkEvent['kind']])
    expect(step).toEqual(expected === 'same' ? { state: before, effects: [] } : expected)
  })
})

test('nothing is dialled anew before everything is hung up', () => {
  const { effects } = stepLink(STATES.streaming, EVENTS.ended)
  expect(effects.map(({ kind }) => kind)).toEqual(['hang-up', 'wait'])
})
