import { z } from 'zod'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { ENVOY_KINDS, type EnvoyKind } from '../wire/envoy-codec.js'
// biome-ignore-start lint/correctness/useImportExtensions: a JSON module is imported by its own extension
import flapping from './behaviours/flapping.json' with { type: 'json' }
import nackOnce from './behaviours/nack-once.json' with { type: 'json' }
import nackType from './behaviours/nack-type.json' with { type: 'json' }
import neverAck from './behaviours/never-ack.json' with { type: 'json' }
import slowAck from './behaviours/slow-ack.json' with { type: 'json' }
import steady from './behaviours/steady.json' with { type: 'json' }
import stopReading from './behaviours/stop-reading.json' with { type: 'json' }

// biome-ignore-end lint/correctness/useImportExtensions: a JSON module is imported by its own extension

/** Longest wait of a stage: an hour is longer than any lab watches one answer. */
const DELAY_MS_MAX = 3_600_000
const delay = z.number().min(0).max(DELAY_MS_MAX)

const timing = {
  /** Share among the stages that fit the same event. */
  weight: z.number().positive().default(1),
  delayMs: delay.default(0),
  /** Up to this much is added to the delay, evenly spread. */
  jitterMs: delay.default(0),
  /** How often one proxy plays the stage; without it, always. */
  times: z.int().positive().optional(),
}

const stageSchema = z.discriminatedUnion('on', [
  z.strictObject({
    on: z.literal('response'),
    /** The kind of resource; without it, any. */
    type: z.enum(ENVOY_KINDS as [EnvoyKind, ...EnvoyKind[]]).optional(),
    /** `accept` and `refuse` answer; `hold` never does, and reads nothing more on this stream. */
    step: z.enum(['accept', 'refuse', 'hold']),
    ...timing,
  }),
  z.strictObject({
    on: z.literal('connected'),
    step: z.enum(['stop-reading', 'disconnect']),
    ...timing,
  }),
])

/** How a mock proxy acts, as data: `behaviours/*.json`, or a fleet file's own. */
export const behaviourSchema = z.strictObject({ description: z.string(), stages: z.array(stageSchema) })

export type Behaviour = z.output<typeof behaviourSchema>
type Stage = Behaviour['stages'][number]

export type BehaviourEvent =
  | { readonly on: 'response'; readonly type: EnvoyKind }
  /** A stream was opened. */
  | { readonly on: 'connected' }

export interface Play {
  readonly step: Stage['step'] | 'stay'
  readonly delayMs: number
}

/** What zonelab brings along, by the name that fleets use. */
export const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map(
  Object.entries({
    steady,
    'slow-ack': slowAck,
    'nack-type': nackType,
    'nack-once': nackOnce,
    'stop-reading': stopReading,
    flapping,
    'never-ack': neverAck,
  }).map(([name, json]) => [name, behaviourSchema.parse(json)]),
)

/** What keeps a value from being a behaviour, by field; none if it is one. */
export function behaviourMistakes(value: unknown): { path: (string | number)[]; reason: string }[] {
  const { error } = behaviourSchema.safeParse(value)
  return (error?.issues ?? []).map(({ path, message }) => ({
    path: path.filter((step) => typeof step !== 'symbol'),
    reason: message,
  }))
}

/** Throws `invalid-argument` that lists the known ones. */
export function behaviourNamed(name: string, own: Readonly<Record<string, Behaviour>>): Behaviour {
  const behaviour = own[name] ?? BEHAVIOURS.get(name)
  if (behaviour) return behaviour
  const known = [...new Set([...Object.keys(own), ...BEHAVIOURS.keys()])].join(', ')
  throw new AppError('invalid-argument', `there is no behaviour ${JSON.stringify(name)}; known are ${known}`)
}

/** One proxy's part: which stages it has played how often. The same seed and events give the same plays. */
export class Player {
  readonly #behaviour: Behaviour
  readonly #random: Random
  readonly #played = new Map<Stage, number>()

  constructor(behaviour: Behaviour, random: Random) {
    this.#behaviour = behaviour
    this.#random = random
  }

  /** What to do now. Where no stage fits, a response is accepted at once and a connection stays. */
  next(event: BehaviourEvent): Play {
    const stage = choose(
      this.#behaviour.stages.filter((candidate) => this.#fits(candidate, event)),
      this.#random,
    )
    if (!stage) return { step: event.on === 'response' ? 'accept' : 'stay', delayMs: 0 }
    this.#played.set(stage, (this.#played.get(stage) ?? 0) + 1)
    const jitterMs = stage.jitterMs === 0 ? 0 : stage.jitterMs * this.#random.next()
    return { step: stage.step, delayMs: stage.delayMs + jitterMs }
  }

  #fits(stage: Stage, event: BehaviourEvent): boolean {
    if (stage.on !== event.on) return false
    if (stage.times !== undefined && (this.#played.get(stage) ?? 0) >= stage.times) return false
    return event.on !== 'response' || stage.on !== 'response' || stage.type === undefined || stage.type === event.type
  }
}

function choose(stages: readonly Stage[], random: Random): Stage | undefined {
  if (stages.length < 2) return stages[0]
  let left = random.next() * stages.reduce((sum, { weight }) => sum + weight, 0)
  return stages.find(({ weight }) => {
    left -= weight
    return left < 0
  })
}
