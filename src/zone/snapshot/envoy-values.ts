import { parseDuration } from '../../model/duration.js'
import type { HeaderMatch } from '../../model/specs/policy-parts.js'
import type { HeaderMatcherJson } from '../../wire/generated/envoy/config/route/v3/route_components_pb.js'
import type { FractionalPercentJson } from '../../wire/generated/envoy/type/v3/percent_pb.js'

const NANOSECONDS = 1_000_000_000n

/** A mesh uses few, and each of them over and over. */
const durations = new Map<string, string>()
const DURATIONS_MAX = 1_000

/** A Go duration (`1m30s`) as protobuf JSON writes it (`90s`). */
export function envoyDuration(text: string): string {
  let duration = durations.get(text)
  if (duration === undefined) {
    duration = durationOf(text)
    if (durations.size >= DURATIONS_MAX) durations.clear()
    durations.set(text, duration)
  }
  return duration
}

function durationOf(text: string): string {
  const total = parseDuration(text)
  const fraction = (total % NANOSECONDS).toString().padStart(9, '0').replace(/0+$/, '')
  return `${total / NANOSECONDS}${fraction && `.${fraction}`}s`
}

export function optionalDuration(text: string | undefined): string | undefined {
  return text === undefined ? undefined : envoyDuration(text)
}

/** The coarsest of Envoy's three denominators that holds the percentage exactly, else millionths. */
export function fractionalPercent(percentage: number): FractionalPercentJson {
  if (Number.isInteger(percentage)) return { numerator: percentage, denominator: 'HUNDRED' }
  if (Number.isInteger(percentage * 100)) return { numerator: percentage * 100, denominator: 'TEN_THOUSAND' }
  return { numerator: Math.round(percentage * 10_000), denominator: 'MILLION' }
}

export function headerMatcher({ name, type, value = '' }: HeaderMatch): HeaderMatcherJson {
  switch (type ?? 'Exact') {
    case 'Exact':
      return { name, stringMatch: { exact: value } }
    case 'Prefix':
      // Envoy refuses an empty prefix; it would match whatever is there.
      return value === '' ? { name, presentMatch: true } : { name, stringMatch: { prefix: value } }
    case 'RegularExpression':
      return { name, stringMatch: { safeRegex: { regex: value } } }
    case 'Present':
      return { name, presentMatch: true }
    case 'Absent':
      return { name, presentMatch: false }
  }
}

/** Endpoint metadata under the key by which load balancing and retries tell hosts apart. */
export function lbMetadata(labels: Readonly<Record<string, string>>) {
  return { filterMetadata: { 'envoy.lb': sorted(labels) } }
}

/** Listener metadata that names what the listener is for (kuma `TagsMetadata`). */
export function tagsMetadata(tags: Readonly<Record<string, string>>) {
  return { filterMetadata: { 'io.kuma.tags': sorted(tags) } }
}

function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))
}
