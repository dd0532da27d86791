import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { type IntOrString, intOrString } from './fields.js'
import { telemetryBackendRef, topTargetRef } from './policy-parts.js'
import { checkTelemetryBackendRef, checkTop } from './reference-rules.js'
import { at, decimalOf, each, isUrl, onlyOneOf, REASON, violation } from './rules.js'

const backend = z.object({
  type: z.enum(['Zipkin', 'Datadog', 'OpenTelemetry']),
  zipkin: z
    .object({
      url: z.string(),
      traceId128bit: z.boolean().default(false),
      apiVersion: z.enum(['httpJson', 'httpProto']).default('httpJson'),
      sharedSpanContext: z.boolean().default(true),
    })
    .optional(),
  datadog: z.object({ url: z.string(), splitService: z.boolean().default(false) }).optional(),
  openTelemetry: z.object({ backendRef: telemetryBackendRef.optional() }).optional(),
})

export type TraceBackend = z.infer<typeof backend>

const conf = z.object({
  backends: z.array(backend).max(1).optional(),
  sampling: z
    .object({ overall: intOrString.optional(), random: intOrString.optional(), client: intOrString.optional() })
    .optional(),
  tags: z
    .array(
      z.object({
        name: z.string(),
        literal: z.string().optional(),
        header: z.object({ name: z.string(), default: z.string().optional() }).optional(),
      }),
    )
    .optional(),
})

export const meshTraceSchema = z.object({ targetRef: topTargetRef.optional(), default: conf.prefault({}) })
export type MeshTraceSpec = z.infer<typeof meshTraceSchema>

export function checkMeshTrace({ targetRef, default: { backends, tags, sampling } }: MeshTraceSpec): Violation[] {
  return at('spec', [
    ...checkTop(targetRef),
    ...at('default', [
      ...(backends === undefined ? violation('backends', REASON.defined) : []),
      ...each('backends', backends, checkBackend),
      ...each('tags', tags, ({ name, header, literal }) => [
        ...(name === '' ? violation('name', REASON.notEmpty) : []),
        ...((header === undefined) === (literal === undefined)
          ? violation('', onlyOneOf('tag', 'header', 'literal'))
          : []),
      ]),
      ...at('sampling', [
        ...checkSampling('client', sampling?.client),
        ...checkSampling('random', sampling?.random),
        ...checkSampling('overall', sampling?.overall),
      ]),
    ]),
  ])
}

function checkSampling(field: string, value: IntOrString | undefined): Violation[] {
  if (value === undefined) return []
  const number = decimalOf(value)
  if (number === undefined) return violation(field, 'string is not a number')
  return number < 0 || number > 100 ? violation(field, 'must be between 0 and 100') : []
}

/** A backend needs the block of its type. */
function checkBackend(backend: TraceBackend): Violation[] {
  switch (backend.type) {
    case 'Datadog':
      return backend.datadog
        ? at('datadog.url', checkDatadog(backend.datadog.url))
        : violation('datadog', REASON.defined)
    case 'Zipkin': {
      if (backend.zipkin === undefined) return violation('zipkin', REASON.defined)
      if (backend.zipkin.url === '') return violation('zipkin.url', REASON.notEmpty)
      return isUrl(backend.zipkin.url) ? [] : violation('zipkin.url', 'must be a valid url')
    }
    case 'OpenTelemetry': {
      if (backend.openTelemetry === undefined) return violation('openTelemetry', REASON.defined)
      const { backendRef } = backend.openTelemetry
      const checked = backendRef ? checkTelemetryBackendRef(backendRef) : violation('', REASON.defined)
      return at('openTelemetry.backendRef', checked)
    }
  }
}

/** The agent's address is `http://host:port` and nothing else. */
function checkDatadog(text: string): Violation[] {
  const [, scheme, user, port, path, query, fragment] =
    /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^@/?#]*@)?(?:\[[^\]]*\]|[^:/?#]*)(?::(\d*))?([^?#]*)(\?[^#]*)?(#.*)?$/.exec(
      text,
    ) ?? []
  if (scheme === undefined) return violation('', 'must be a valid url')
  const extra = { user, path, query, fragment }
  const number = Number(port)
  return [
    ...(scheme.toLowerCase() === 'http' ? [] : violation('', 'scheme must be http')),
    ...(port ? [] : violation('', `port ${REASON.defined}`)),
    ...(port && (number === 0 || number > 65535) ? violation('', REASON.validPort) : []),
    ...Object.entries(extra).flatMap(([part, value]) => (value ? violation('', `${part} ${REASON.notDefined}`) : [])),
  ]
}
