import fc from 'fast-check'
import { expect, test } from 'vitest'
import { independent, makeBeforeBreak, type StreamOrder } from '../../src/protocol/order.js'
import { NAMES, TYPES, WHOLE_TYPES, World } from './model-world.js'

/**
 * Publisher and Subscriber against each other through everything that may go wrong between them, in any order. After
 * every step the invariants of SPEC.md are checked, and when the faults stop both sides must agree. A failure prints
 * its seed and the shortest sequence that fails.
 */
const type = fc.constantFrom(...TYPES)
const wholeType = fc.constantFrom(...WHOLE_TYPES)
const name = fc.constantFrom(...NAMES)
const names = fc.subarray(NAMES)
const side = fc.constantFrom('left' as const, 'right' as const)

type Action = { readonly weight: number; readonly arbitrary: fc.Arbitrary<(world: World) => void> }

const ACTIONS: Readonly<Record<string, Action>> = {
  write: action(
    8,
    fc.tuple(type, name),
    ([t, n]) =>
      (world) =>
        world.write(t, n),
  ),
  remove: action(
    4,
    fc.tuple(type, name),
    ([t, n]) =>
      (world) =>
        world.remove(t, n),
  ),
  rewrite: action(1, fc.constant(0), () => (world) => world.rewrite()),
  move: action(40, fc.nat(9), (choice) => (world) => void world.move(choice)),
  apply: action(8, fc.constant(0), () => (world) => void world.receiver.conclude(() => false)),
  refuse: action(6, names, (bad) => (world) => void world.receiver.conclude((n) => bad.includes(n))),
  fail: action(1, fc.constant(0), () => (world) => world.receiver.fail()),
  connect: action(8, fc.boolean(), (resume) => (world) => world.connect(resume)),
  wantNames: action(4, names, (wanted) => (world) => world.wantNames(wanted)),
  stall: action(
    2,
    fc.tuple(side, fc.boolean()),
    ([s, on]) =>
      (world) =>
        world.stall(s, on),
  ),
  time: action(2, fc.constantFrom(1_000, 30_000, 60_000), (ms) => (world) => world.clock.step(ms)),
  cut: action(2, fc.constant(0), () => (world) => world.cut()),
  end: action(1, fc.constantFrom('publisher' as const, 'subscriber' as const), (who) => (world) => world.end(who)),
  staleNonce: action(
    3,
    fc.tuple(type, fc.nat(20)),
    ([t, n]) =>
      (world) =>
        world.interject(t, `${n}`, []),
  ),
  askAgain: action(2, wholeType, (t) => (world) => world.interject(t, '', ['*'])),
}

function action<T>(weight: number, from: fc.Arbitrary<T>, act: (value: T) => (world: World) => void): Action {
  const arbitrary = from.map((value) => {
    const run = act(value)
    return Object.assign(run, { [fc.toStringMethod]: () => JSON.stringify(value) })
  })
  return { weight, arbitrary }
}

const actions = fc.array(
  fc.oneof(
    ...Object.entries(ACTIONS).map(([label, { weight, arbitrary }]) => ({
      weight,
      arbitrary: arbitrary.map((run) => ({ label, run, [fc.toStringMethod]: () => `${label} ${fc.stringify(run)}` })),
    })),
  ),
  { maxLength: 120, size: 'max' },
)

const ORDERS = {
  independent: independent(TYPES),
  'make before break': makeBeforeBreak({ clusters: 'C', endpoints: 'N', listeners: 'L', routes: 'R' }),
}

/** Fixed, so that a red run is the fault of its change. To explore: `MODEL_SEED=$RANDOM MODEL_RUNS=9000`. */
const SEED = Number(process.env.MODEL_SEED ?? 20260101)
const RUNS = Number(process.env.MODEL_RUNS ?? 400)

test.each(Object.entries(ORDERS))(
  'both sides agree in the end, whatever happens between (%s)',
  async (_, order) => {
    const property = fc.asyncProperty(actions, async (sequence) => {
      const world = new World(order)
      for (const { run } of sequence) {
        run(world)
        await world.check()
      }
      await world.heal()
      for (const t of TYPES) agreeButForRefused(world, order, t)
      // What is still refused is put right at the source, and that alone is enough.
      for (const refused of world.receiver.refused) world.write(...key(refused))
      await world.heal()
      for (const t of TYPES) expect(world.receiver.held(t)).toEqual(world.expected(t))
      await saysNothingMore(world)
    })
    await fc.assert(property, { seed: SEED, numRuns: RUNS })
  },
  // A run takes some 25 ms of a core that is free; here it may be shared with a dozen processes.
  60_000 + 200 * RUNS,
)

function agreeButForRefused(world: World, order: StreamOrder, t: string): void {
  const [held, expected] = [world.receiver.held(t), world.expected(t)]
  for (const refused of world.receiver.refused) {
    const [of, n] = key(refused)
    if (of !== t) continue
    delete held[n]
    delete expected[n]
  }
  // What a refused resource may still refer to is not removed yet.
  if (world.receiver.refused.length > 0 && order.removalsAfter.has(t)) expect(held).toMatchObject(expected)
  else expect(held).toEqual(expected)
}

async function saysNothingMore(world: World): Promise<void> {
  const before = world.sentCount
  world.rewrite()
  world.clock.step(600_000)
  await world.heal()
  expect(world.sentCount, 'nothing is sent when nothing changed').toBe(before)
}

/** `type name@version` → type and name. */
function key(refused: string): [string, string] {
  const [t = '', rest = ''] = refused.split(' ')
  return [t, rest.split('@')[0] ?? '']
}
