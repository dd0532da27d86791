import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { LatencyHistogram } from './histogram.js'
import { threshold } from './threshold-schema.js'

/** A run file: one JSON object a line, from which every report is made. Histograms are HdrHistogram V2, compressed, in base64. */
export const RUN_KIND = 'zonelab.load/v1'

const wire = z.object({
  messagesIn: z.number(),
  bytesIn: z.number(),
  messagesOut: z.number(),
  bytesOut: z.number(),
  nacks: z.number(),
})
const histogram = z.string().refine((text) => {
  try {
    LatencyHistogram.decode(text)
    return true
  } catch {
    return false
  }
}, 'is no HdrHistogram V2')
const health = z.object({ name: z.string(), lag: histogram, cpu: z.number() })

const startLine = z.object({
  kind: z.literal(RUN_KIND),
  run: z.string(),
  /** Wall time, ISO 8601. */
  startedAt: z.string(),
  zonelab: z.string(),
  /** As it was run, flags included. */
  scenario: z.object({ name: z.string(), seed: z.number(), thresholds: z.array(threshold) }).catchall(z.json()),
  target: z.object({
    name: z.string(),
    /** `Kuma 3.0.0`, as its API says. */
    version: z.string().optional(),
    tenants: z.array(z.string()),
    writes: z.boolean(),
    intervals: z.string(),
    showsHops: z.boolean(),
  }),
  machine: z.object({
    processor: z.string(),
    cores: z.number(),
    memoryGiB: z.number(),
    system: z.string(),
    node: z.string(),
  }),
  workers: z.number(),
  /** By index. */
  zones: z.array(z.string()),
  sidecars: z.number(),
  writesPlanned: z.number(),
  /** Limits of this run that a reader should know. */
  notes: z.array(z.string()),
})

const phaseLine = z.object({
  kind: z.literal('phase'),
  phase: z.enum(['setup', 'ramp', 'hold', 'load', 'settle', 'quiet', 'final', 'cleanup']),
  /** Milliseconds since the start of the run, as in every line. */
  atMs: z.number(),
})

const intervalLine = z.object({
  kind: z.literal('interval'),
  atMs: z.number(),
  phase: phaseLine.shape.phase,
  live: z.number(),
  sidecarsLive: z.number(),
  latency: z.object({
    zone: histogram,
    zoneFaulted: histogram,
    sidecar: histogram,
    sidecarFaulted: histogram,
    accepted: histogram,
  }),
  /** Of each zone that had an arrival, the slowest: [index, ms]. */
  slowest: z.array(z.tuple([z.number(), z.number()])),
  reconnects: z.array(z.number()),
  resync: z.object({ received: z.number(), repeated: z.number() }),
  wire,
  writes: z.object({ accepted: z.number(), refused: z.number(), dropped: z.number(), bytes: z.number() }),
  generator: z.array(health),
  target: z.object({
    cpu: z.number().optional(),
    rssBytes: z.number().optional(),
    loopLagP99Ms: z.number().optional(),
  }),
  losses: z.record(z.string(), z.number()),
})

const writeLine = z.object({
  kind: z.literal('write'),
  number: z.number(),
  type: z.string(),
  /** When it was due, and when it was accepted; undefined: it was not. */
  atMs: z.number(),
  acceptedMs: z.number().optional(),
  why: z.string().optional(),
  measured: z.boolean(),
  /** How many got it, and the first and the last of them, after it was due. */
  zones: z.object({ count: z.number(), firstMs: z.number(), lastMs: z.number() }).optional(),
  sidecars: z.object({ count: z.number(), firstMs: z.number(), lastMs: z.number() }).optional(),
})

/** In the order of a write's way; `wait` is the whole of the three before it. */
export const RUN_HOPS = ['feed', 'encode', 'queue', 'wait', 'send', 'answer', 'snapshot', 'sidecar'] as const

const hopLine = z.object({ kind: z.literal('hop'), hop: z.string(), histogram })

const strikeLine = z.object({
  kind: z.literal('fault'),
  id: z.string(),
  fault: z.string(),
  atMs: z.number(),
  durationMs: z.number(),
  zones: z.number(),
  failed: z.string().optional(),
})

const finalLine = z.object({
  kind: z.literal('final'),
  zones: z.number(),
  sidecars: z.number(),
  /** Those whose state is not what it should be, with what they lack: `TYPE/NAME: has 3, should have 7`. */
  wrong: z.array(z.object({ name: z.string(), lacks: z.array(z.string()) })),
  sidecarsJudged: z.boolean(),
})

const countersLine = z.object({ kind: z.literal('counters'), counters: z.record(z.string(), z.number()) })
const leftoverLine = z.object({ kind: z.literal('leftover'), what: z.string(), command: z.string() })
/** One step of a search for the limit: a run of its own. */
const stepLine = z.object({
  kind: z.literal('step'),
  knob: z.string(),
  value: z.number(),
  /** As its verdict was; `not run`: it could not even begin. */
  outcome: z.enum(['passed', 'crossed', 'inconclusive', 'failed', 'interrupted', 'not run']),
  p99Ms: z.number().optional(),
  why: z.string().optional(),
})
const endLine = z.object({
  kind: z.literal('end'),
  atMs: z.number(),
  how: z.enum(['done', 'interrupted', 'failed']),
  message: z.string(),
})

const lineSchema = z.discriminatedUnion('kind', [
  startLine,
  phaseLine,
  intervalLine,
  writeLine,
  hopLine,
  strikeLine,
  finalLine,
  countersLine,
  leftoverLine,
  stepLine,
  endLine,
])

export type RunLine = z.output<typeof lineSchema>
export type StartLine = z.output<typeof startLine>
export type IntervalLine = z.output<typeof intervalLine>
export type WriteLine = z.output<typeof writeLine>
export type FinalLine = z.output<typeof finalLine>
export type EndLine = z.output<typeof endLine>
export type StepLine = z.output<typeof stepLine>
export type FaultLine = z.output<typeof strikeLine>
export type Phase = z.output<typeof phaseLine>['phase']

/** Throws `invalid-argument` that names the file and the line. A last line that was cut off is left out: a run may have crashed. */
export function parseRunFile(text: string, file: string): RunLine[] {
  const rows = text.split('\n')
  const values = rows.flatMap((row, index): [string, unknown][] => {
    if (row === '') return []
    const where = `${file}:${index + 1}:1`
    try {
      return [[where, JSON.parse(row)]]
    } catch {
      if (index > 0 && index === rows.length - 1) return []
      throw new AppError('invalid-argument', `${where}: this is no line of a run file: it is not JSON`)
    }
  })
  return parseRunLines(values, file)
}

/** Lines of a run, each with where it stands. Throws `invalid-argument` that names the place. */
export function parseRunLines(values: readonly (readonly [where: string, value: unknown])[], file: string): RunLine[] {
  const [first] = values
  if ((first?.[1] as { kind?: unknown } | undefined)?.kind !== RUN_KIND) {
    const where = first?.[0] ?? file
    throw new AppError('invalid-argument', `${where}: a run file begins with a line of kind ${RUN_KIND}`)
  }
  return values.map(([where, value], place) => {
    const { success, data, error } = lineSchema.safeParse(value)
    // As it was written, its order too: the schema only checks, and puts the keys that it names first.
    if (success && (place === 0 || data.kind !== RUN_KIND)) return value as RunLine
    const [issue] = error?.issues ?? []
    const why = issue === undefined ? 'another run begins' : `${issue.path.join('.')}: ${issue.message}`
    throw new AppError('invalid-argument', `${where}: this is no line of a run file: ${why}`)
  })
}
