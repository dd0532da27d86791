import { z } from 'zod'
import { AppError } from '../../base/errors.js'
import { AREAS, LEVELS } from '../matrix.js'
import type { ConformanceResult } from '../result.js'

/** What the reports rest on, so that a file that was cut or edited is refused by field and not by accident. */
const exchange = z.looseObject({
  path: z.string(),
  metadata: z.array(z.tuple([z.string(), z.string()])),
  frames: z.array(z.string()),
  answer: z.string(),
  text: z.string(),
  elapsedMs: z.number(),
})

const attempt = z.looseObject({
  variant: z.string(),
  expected: z.array(z.string()),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  call: exchange.optional(),
  control: exchange.optional(),
  probes: z.array(z.looseObject({ what: z.string(), held: z.boolean() })),
})

const outcome = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('passed') }),
  z.looseObject({ kind: z.literal('failed'), why: z.string() }),
  z.looseObject({ kind: z.literal('inconclusive'), why: z.string() }),
  z.looseObject({ kind: z.literal('not-run'), reason: z.string() }),
])

const verdict = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('conformant') }),
  z.looseObject({ kind: z.literal('not conformant'), failed: z.array(z.string()) }),
  z.looseObject({ kind: z.literal('partial'), notRun: z.array(z.string()) }),
  z.looseObject({ kind: z.literal('no authentication') }),
  z.looseObject({ kind: z.literal('inconclusive'), why: z.string() }),
])

const conformanceResult = z.looseObject({
  header: z.looseObject({
    tool: z.looseObject({ name: z.string(), version: z.string() }),
    caseSet: z.looseObject({ digest: z.string(), cases: z.number() }),
    target: z.looseObject({ address: z.string() }),
    profiles: z.array(z.string()),
    behaviours: z.looseObject({ answers: z.string(), openStream: z.string() }),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
    totals: z.looseObject({ run: z.number(), notRun: z.record(z.string(), z.number()) }),
  }),
  verdict,
  cases: z.array(
    z.looseObject({
      id: z.string(),
      area: z.enum(AREAS),
      title: z.string(),
      level: z.enum(LEVELS),
      norm: z.string(),
      reproduce: z.string(),
      elapsedMs: z.number(),
      outcome,
      attempts: z.array(attempt),
    }),
  ),
  leftBehind: z.array(z.string()),
})

/** Throws `invalid-argument` that names the first field that is not as a run writes it. */
export function parseConformanceResult(value: unknown): ConformanceResult {
  const { success, error } = conformanceResult.safeParse(value)
  if (success) return value as ConformanceResult
  const [issue] = error.issues
  throw new AppError(
    'invalid-argument',
    `this is no whole conformance result: ${issue?.path.join('.')}: ${issue?.message}`,
  )
}
