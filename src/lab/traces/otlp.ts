import type { Random } from '../../base/random.js'
import type { Span } from './trace-join.js'

/** What is added to monotonic time to make it epoch time. */
export interface Epoch {
  readonly offsetMs: number
}

const SPAN_KIND_INTERNAL = 1
const STATUS_ERROR = 2

/** One write's spans as the body of `POST /v1/traces` (OTLP 1.x, JSON encoding). */
export function otlpTrace(spans: readonly Span[], { offsetMs }: Epoch, random: Random): object {
  const traceId = hexId(random)
  const ids = new Map(spans.map((span) => [span, hexId(random).slice(0, 16)]))
  const services = [...new Set(spans.map(({ service }) => service))]
  const encoded = (span: Span) => ({
    traceId,
    spanId: ids.get(span),
    ...(span.parent && { parentSpanId: ids.get(span.parent) }),
    name: span.name,
    kind: SPAN_KIND_INTERNAL,
    startTimeUnixNano: nanos(span.startMs + offsetMs),
    endTimeUnixNano: nanos(span.endMs + offsetMs),
    attributes: attributes(span.attributes),
    ...(span.failed && { status: { code: STATUS_ERROR } }),
  })
  return {
    resourceSpans: services.map((service) => ({
      resource: { attributes: attributes({ 'service.namespace': 'zonelab', 'service.name': `zonelab-${service}` }) },
      scopeSpans: [
        { scope: { name: 'zonelab' }, spans: spans.filter((span) => span.service === service).map(encoded) },
      ],
    })),
  }
}

/** Thirty-two hexadecimal digits, never all zero. */
function hexId(random: Random): string {
  return random.uuid().replaceAll('-', '')
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1e3)) * 1_000n)
}

function attributes(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }))
}
