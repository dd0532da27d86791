import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../src/protocol/ports.js'
import {
  type SubscriberEffect,
  type SubscriberEvent,
  type SubscriberState,
  step,
} from '../../src/protocol/subscriber-state.js'

/**
 * The subscriber's transition table, total by type: a state or an event without its cell does not compile.
 * Outcomes are events of their own here, for each leads elsewhere.
 */
type Column =
  | Exclude<SubscriberEvent<string>['kind'], 'outcome'>
  | `outcome: ${Outcome['kind']}`
  | 'responded: no nonce'

interface Cell {
  readonly to: SubscriberState['kind']
  readonly effects: readonly SubscriberEffect<string>['kind'][]
}

/** Our own mistake, or our duplex's: asserted, so that it ends one stream and is reported. */
const IMPOSSIBLE = 'impossible'

const all = new Set(['*'])
const told = { wanted: all, told: all, givenUp: new Set<string>() }
const STATES: Record<SubscriberState['kind'], SubscriberState> = {
  unasked: { kind: 'unasked', wanted: all, initialVersions: new Map(), dormant: false },
  asked: { kind: 'asked', ...told, wholeTruth: true },
  applying: { kind: 'applying', ...told, nonce: '1' },
  live: { kind: 'live', ...told, answer: { nonce: '1', error: undefined } },
}

const response = { type: 'T', nonce: '2', resources: [], removed: [] }
const refusals = [{ name: 'a', version: '1', reason: 'bad' }]
const EVENTS: Record<Column, SubscriberEvent<string>> = {
  turn: { kind: 'turn' },
  responded: { kind: 'responded', response },
  'responded: no nonce': { kind: 'responded', response: { ...response, nonce: '' } },
  'names-changed': { kind: 'names-changed', names: ['a'] },
  'outcome: applied': { kind: 'outcome', outcome: { kind: 'applied' } },
  'outcome: refused': { kind: 'outcome', outcome: { kind: 'refused', refusals } },
  'outcome: failed': { kind: 'outcome', outcome: { kind: 'failed', detail: 'disk full' } },
}

const cell = (to: Cell['to'], ...effects: Cell['effects'][number][]): Cell => ({ to, effects })

const TABLE: Record<SubscriberState['kind'], Record<Column, Cell | typeof IMPOSSIBLE>> = {
  unasked: {
    turn: cell('asked', 'send'),
    responded: cell('unasked', 'end'),
    'responded: no nonce': cell('unasked', 'end'),
    'names-changed': cell('unasked'),
    'outcome: applied': IMPOSSIBLE,
    'outcome: refused': IMPOSSIBLE,
    'outcome: failed': IMPOSSIBLE,
  },
  asked: {
    turn: cell('asked'),
    responded: cell('applying', 'apply'),
    'responded: no nonce': cell('asked', 'end'),
    'names-changed': cell('asked'),
    'outcome: applied': IMPOSSIBLE,
    'outcome: refused': IMPOSSIBLE,
    'outcome: failed': IMPOSSIBLE,
  },
  applying: {
    turn: cell('applying'),
    responded: IMPOSSIBLE,
    'responded: no nonce': cell('applying', 'end'),
    'names-changed': cell('applying'),
    'outcome: applied': cell('live'),
    'outcome: refused': cell('live'),
    'outcome: failed': cell('live', 'end'),
  },
  live: {
    turn: cell('live', 'send'),
    responded: cell('applying', 'apply'),
    'responded: no nonce': cell('live', 'end'),
    'names-changed': cell('live'),
    'outcome: applied': IMPOSSIBLE,
    'outcome: refused': IMPOSSIBLE,
    'outcome: failed': IMPOSSIBLE,
  },
}

const RULES = { nackRepeatsWildcard: false }
const cells = Object.entries(TABLE).flatMap(([from, row]) =>
  Object.entries(row).map(([event, expected]) => ({ from, event, expected })),
) as { from: SubscriberState['kind']; event: Column; expected: Cell | typeof IMPOSSIBLE }[]

describe('a subscriber in', () => {
  test.each(cells)('$from, on $event', ({ from, event, expected }) => {
    const before = structuredClone(STATES[from])
    if (expected === IMPOSSIBLE) {
      expect(() => step(STATES[from], EVENTS[event], RULES)).toThrow('broken invariant')
      return
    }
    const { state, effects } = step(STATES[from], EVENTS[event], RULES)
    expect(state.kind).toBe(expected.to)
    expect(effects.map(({ kind }) => kind)).toEqual(expected.effects)
    expect(STATES[from]).toEqual(before)
  })
})
