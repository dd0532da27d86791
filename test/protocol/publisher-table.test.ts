import { describe, expect, test } from 'vitest'
import type { Batch, Next, Refusal } from '../../src/protocol/ports.js'
import {
  firstState,
  type PublisherEffect,
  type PublisherEvent,
  type PublisherState,
  step,
} from '../../src/protocol/publisher-state.js'
import { EVERYTHING } from '../../src/protocol/subscription.js'

/**
 * The publisher's transition table, total by type: a state or an event without its cell does not compile.
 * A source's answers are events of their own here, for each leads elsewhere.
 */
type Column = Exclude<PublisherEvent['kind'], 'source-answered'> | `source: ${Next['kind']}`

interface Cell {
  readonly to: PublisherState['kind']
  readonly effects: readonly PublisherEffect['kind'][]
  /** Whether the source is to be asked when the type is quiet. */
  readonly pending: boolean
  readonly known?: 'nothing' | 'c1' | 'c2'
}

/** Our own mistake: asserted, so that it ends one stream and is reported. */
const IMPOSSIBLE = 'impossible'

const c1 = { at: 1 }
const c2 = { at: 2 }
const batch: Batch = {
  cursor: c2,
  response: { type: 'T', nonce: 'n', bytes: new Uint8Array() },
  entries: [{ name: 'a', version: '2' }],
  removed: [],
}

const FIRST = firstState({
  type: 'T',
  nonce: '',
  subscribe: ['*'],
  unsubscribe: [],
  initialVersions: new Map(),
  error: undefined,
  node: undefined,
})
const STATES = {
  /** Asked for, nothing sent yet. */
  first: FIRST,
  quiet: { ...FIRST, known: { kind: 'cursor', cursor: c1 }, pending: false },
  awaiting: { ...FIRST, kind: 'awaiting', known: { kind: 'cursor', cursor: c1 }, pending: false, batch, sentAtMs: 5 },
} as const satisfies Record<string, PublisherState>

const answer = (next: Next): PublisherEvent => {
  return { kind: 'source-answered', next, removals: 'now', whole: false, nowMs: 5 }
}
const EVENTS: Record<Column, PublisherEvent> = {
  acked: { kind: 'acked' },
  nacked: { kind: 'nacked', reason: 'a is bad' },
  'stale-nonce': { kind: 'stale-nonce', nonce: 'old' },
  'subscribe-changed': { kind: 'subscribe-changed', change: { subscription: EVERYTHING, repeat: true } },
  renewed: { kind: 'renewed', names: ['a'] },
  'source-changed': { kind: 'source-changed' },
  overdue: { kind: 'overdue', nowMs: 10 },
  'source: batch': answer({ kind: 'batch', batch }),
  'source: nothing': answer({ kind: 'nothing', cursor: c2 }),
  'source: not-ready': answer({ kind: 'not-ready' }),
  'source: withheld': answer({ kind: 'withheld', reason: 'big' }),
  'source: start-over': answer({ kind: 'start-over' }),
}

const stay = (to: 'quiet' | 'awaiting', pending: boolean, effects: Cell['effects'] = []): Cell => ({
  to,
  effects,
  pending,
})

const TABLE: Record<keyof typeof STATES, Record<Column, Cell | typeof IMPOSSIBLE>> = {
  first: {
    acked: IMPOSSIBLE,
    nacked: IMPOSSIBLE,
    'stale-nonce': stay('quiet', true, ['stale-nonce']),
    'subscribe-changed': stay('quiet', true),
    renewed: stay('quiet', true),
    'source-changed': stay('quiet', true),
    overdue: stay('quiet', true),
    'source: batch': { to: 'awaiting', effects: ['send'], pending: false, known: 'nothing' },
    'source: nothing': IMPOSSIBLE,
    'source: not-ready': { to: 'quiet', effects: [], pending: false, known: 'nothing' },
    'source: withheld': { to: 'quiet', effects: ['withheld'], pending: false, known: 'nothing' },
    'source: start-over': stay('quiet', false, ['end']),
  },
  quiet: {
    acked: IMPOSSIBLE,
    nacked: IMPOSSIBLE,
    'stale-nonce': stay('quiet', false, ['stale-nonce']),
    'subscribe-changed': stay('quiet', true),
    renewed: stay('quiet', true),
    'source-changed': stay('quiet', true),
    overdue: stay('quiet', false),
    'source: batch': { to: 'awaiting', effects: ['send'], pending: false, known: 'c1' },
    'source: nothing': { to: 'quiet', effects: [], pending: false, known: 'c2' },
    'source: not-ready': { to: 'quiet', effects: [], pending: false, known: 'c1' },
    'source: withheld': { to: 'quiet', effects: ['withheld'], pending: false, known: 'c1' },
    'source: start-over': stay('quiet', false, ['end']),
  },
  awaiting: {
    acked: { to: 'quiet', effects: ['answered'], pending: false, known: 'c2' },
    nacked: { to: 'quiet', effects: ['answered'], pending: false, known: 'c2' },
    'stale-nonce': { to: 'awaiting', effects: ['stale-nonce'], pending: false, known: 'c1' },
    'subscribe-changed': { to: 'awaiting', effects: [], pending: true, known: 'c1' },
    renewed: { to: 'awaiting', effects: [], pending: true, known: 'c1' },
    'source-changed': { to: 'awaiting', effects: [], pending: true, known: 'c1' },
    overdue: { to: 'awaiting', effects: ['overdue'], pending: false, known: 'c1' },
    'source: batch': IMPOSSIBLE,
    'source: nothing': IMPOSSIBLE,
    'source: not-ready': IMPOSSIBLE,
    'source: withheld': IMPOSSIBLE,
    'source: start-over': IMPOSSIBLE,
  },
}

const cells = Object.entries(TABLE).flatMap(([from, row]) =>
  Object.entries(row).map(([event, expected]) => ({ from, event, expected })),
) as { from: keyof typeof STATES; event: Column; expected: Cell | typeof IMPOSSIBLE }[]

describe('a publisher in', () => {
  test.each(cells)('$from, on $event', ({ from, event, expected }) => {
    const before = structuredClone(STATES[from])
    if (expected === IMPOSSIBLE) {
      expect(() => step(STATES[from], EVENTS[event])).toThrow('broken invariant')
      return
    }
    const { state, effects } = step(STATES[from], EVENTS[event])
    expect(state.kind).toBe(expected.to)
    expect(state.pending).toBe(expected.pending)
    expect(effects.map(({ kind }) => kind)).toEqual(expected.effects)
    if (expected.known) expect(knownOf(state)).toBe(expected.known)
    expect(STATES[from]).toEqual(before)
  })
})

function knownOf({ known }: PublisherState) {
  if (known.kind !== 'cursor') return known.kind
  return known.cursor === c1 ? 'c1' : 'c2'
}

describe('refusals', () => {
  const refused = (state: PublisherState): readonly Refusal[] => [...state.refusals.values()]
  const nacked = step(STATES.awaiting, EVENTS.nacked).state
  const again = (entries: Batch['entries'], removed: string[] = []) =>
    refused(step(nacked, answer({ kind: 'batch', batch: { ...batch, entries, removed } })).state)

  test('say the name, its version and why', () => {
    expect(refused(nacked)).toEqual([{ name: 'a', version: '2', reason: 'a is bad' }])
  })

  test('last until another version of the name, or its removal, is on its way', () => {
    expect(again([{ name: 'b', version: '1' }])).toHaveLength(1)
    expect(again([{ name: 'a', version: '2' }])).toHaveLength(1)
    expect(again([{ name: 'a', version: '3' }])).toEqual([])
    expect(again([], ['a'])).toEqual([])
  })

  test('are over when the peer accepts the same version, sent again, after all', () => {
    const accepted = step(step(nacked, answer({ kind: 'batch', batch })).state, { kind: 'acked' }).state
    expect(refused(accepted)).toEqual([])
  })

  test('are bounded, the newest kept', () => {
    const entries = Array.from({ length: 150 }, (_, i) => ({ name: `r${i}`, version: '1' }))
    const { state } = step({ ...STATES.awaiting, batch: { ...batch, entries } }, { kind: 'nacked', reason: 'no' })
    expect(state.refusals.size).toBe(100)
    expect(state.refusals.has('r149')).toBe(true)
  })
})
