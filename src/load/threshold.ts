import { AppError } from '../base/errors.js'

/** What a run can be judged by (design.md §7). Times are milliseconds, sizes bytes. */
export const THRESHOLD_METRICS = [
  'zone.propagation',
  'dataplane.propagation',
  'zone.reconnect',
  'write.accepted',
  'nack',
  'writes.dropped',
  'resync.amplification',
  'bytes.out',
] as const
export type ThresholdMetric = (typeof THRESHOLD_METRICS)[number]

export type Aggregate =
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'avg' | 'max' | 'count' | 'rate' | 'value' }

type Operator = '<' | '<=' | '>' | '>=' | '=='

/** `METRIC:AGG OP VALUE`; a metric that is one number, such as `resync.amplification`, takes no aggregate. */
export interface Threshold extends Measure {
  readonly text: string
  readonly operator: Operator
  readonly value: number
}

const TIMES: readonly ThresholdMetric[] = [
  'zone.propagation',
  'dataplane.propagation',
  'zone.reconnect',
  'write.accepted',
]

/** What each kind of metric can be asked. */
const AGGREGATES: Readonly<Record<ThresholdMetric, readonly Aggregate['kind'][]>> = {
  'zone.propagation': ['percentile', 'avg', 'max', 'count'],
  'dataplane.propagation': ['percentile', 'avg', 'max', 'count'],
  'zone.reconnect': ['percentile', 'avg', 'max', 'count'],
  'write.accepted': ['percentile', 'avg', 'max', 'count', 'rate'],
  nack: ['count', 'rate'],
  'writes.dropped': ['count', 'rate'],
  'resync.amplification': ['value'],
  'bytes.out': ['count', 'rate'],
}

/** A metric and what is asked of it: `zone.propagation:p(99)`. */
export interface Measure {
  readonly metric: ThresholdMetric
  readonly aggregate: Aggregate
}

const MEASURE = String.raw`([a-z.]+)(?::(p\((\d+(?:\.\d+)?)\)|avg|max|count|rate))?`
const FORM = new RegExp(String.raw`^(${MEASURE})\s*(<=|>=|==|<|>)\s*(\d+(?:\.\d+)?)\s*([A-Za-z%/]*)$`)
const MEASURE_FORM = new RegExp(`^${MEASURE}$`)

const UNITS: Readonly<Record<string, { readonly factor: number; readonly of: 'time' | 'bytes' | 'number' }>> = {
  '': { factor: 1, of: 'number' },
  ms: { factor: 1, of: 'time' },
  s: { factor: 1_000, of: 'time' },
  m: { factor: 60_000, of: 'time' },
  B: { factor: 1, of: 'bytes' },
  KiB: { factor: 2 ** 10, of: 'bytes' },
  MiB: { factor: 2 ** 20, of: 'bytes' },
  GiB: { factor: 2 ** 30, of: 'bytes' },
}

/** Throws `invalid-argument` that says what is wrong with it. */
export function parseThreshold(text: string): Threshold {
  const refuse = (why: string) => new AppError('invalid-argument', `threshold "${text}": ${why}`)
  const match = FORM.exec(text.trim())
  if (!match) throw refuse('write METRIC:AGG OP VALUE, such as zone.propagation:p(99)<2s or nack:count==0')
  const [, measured = '', , , , operator, number, unit = ''] = match
  const { metric, aggregate } = parseMeasure(measured, refuse)
  const known = UNITS[unit]
  const wanted = unitOf(metric, aggregate)
  if (!known || known.of !== wanted) throw refuse(UNIT_HINT[wanted])
  return { text: text.trim(), metric, aggregate, operator: operator as Operator, value: Number(number) * known.factor }
}

/** Throws what `refuse` makes of the reason. */
export function parseMeasure(text: string, refuse: (why: string) => AppError): Measure {
  const [, name = text, aggregateText, percentile] = MEASURE_FORM.exec(text) ?? []
  const metric = THRESHOLD_METRICS.find((known) => known === name)
  if (!metric) throw refuse(`there is no metric "${name}"; there are ${THRESHOLD_METRICS.join(', ')}`)
  const aggregate = aggregateOf(aggregateText, percentile)
  if (!AGGREGATES[metric].includes(aggregate.kind)) {
    throw refuse(`${metric} takes ${AGGREGATES[metric].map(shown).join(', ')}`)
  }
  if (aggregate.kind === 'percentile' && aggregate.percentile > 100) throw refuse('a percentile is at most 100')
  return { metric, aggregate }
}

const UNIT_HINT = {
  time: 'its value is a time with a unit, such as 500ms or 2s',
  bytes: 'its value is a size with a unit, such as 10MiB',
  number: 'its value is a number without a unit',
} as const

function aggregateOf(text: string | undefined, percentile: string | undefined): Aggregate {
  if (percentile !== undefined) return { kind: 'percentile', percentile: Number(percentile) }
  if (text === undefined) return { kind: 'value' }
  return { kind: text as 'avg' | 'max' | 'count' | 'rate' }
}

function shown(kind: Aggregate['kind']): string {
  if (kind === 'percentile') return ':p(N)'
  return kind === 'value' ? 'no aggregate' : `:${kind}`
}

function unitOf(metric: ThresholdMetric, { kind }: Aggregate): 'time' | 'bytes' | 'number' {
  if (metric === 'bytes.out') return 'bytes'
  return TIMES.includes(metric) && kind !== 'count' && kind !== 'rate' ? 'time' : 'number'
}

export function holds({ operator, value }: Pick<Threshold, 'operator' | 'value'>, measured: number): boolean {
  switch (operator) {
    case '<':
      return measured < value
    case '<=':
      return measured <= value
    case '>':
      return measured > value
    case '>=':
      return measured >= value
    case '==':
      return measured === value
  }
}
