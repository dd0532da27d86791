import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { anyJson } from './fields.js'
import { ruleList, telemetryBackendRef, toList, topTargetRef } from './policy-parts.js'
import {
  checkMatch,
  checkTelemetryBackendRef,
  checkTop,
  checkToRef,
  MESH_AND_SERVICES_AND_ROUTES,
} from './reference-rules.js'
import { at, each, isFilePath, isUrl, REASON, violation } from './rules.js'

const format = z.object({
  type: z.enum(['Plain', 'Json']),
  plain: z.string().optional(),
  json: z.array(z.object({ key: z.string(), value: z.string() })).optional(),
  omitEmptyValues: z.boolean().default(false),
})

const attribute = z.object({ key: z.string().regex(/^[a-z]([a-z0-9]|[._][a-z0-9])*$/), value: z.string() })

const backend = z.object({
  type: z.enum(['Tcp', 'File', 'OpenTelemetry']),
  tcp: z.object({ format: format.optional(), address: z.string().min(1) }).optional(),
  file: z.object({ format: format.optional(), path: z.string().min(1) }).optional(),
  openTelemetry: z
    .object({
      backendRef: telemetryBackendRef.optional(),
      attributes: z.array(attribute).optional(),
      body: anyJson.optional(),
    })
    .optional(),
})

export type AccessLogBackend = z.infer<typeof backend>
export type AccessLogFormat = z.infer<typeof format>

const conf = z.object({ backends: z.array(backend).optional() })

export const meshAccessLogSchema = z.object({
  targetRef: topTargetRef.optional(),
  rules: ruleList(conf).optional(),
  to: toList(conf).optional(),
})
export type MeshAccessLogSpec = z.infer<typeof meshAccessLogSchema>
export type MeshAccessLogConf = z.infer<typeof conf>

export function checkMeshAccessLog(spec: MeshAccessLogSpec): Violation[] {
  const rules = spec.rules ?? []
  const to = spec.to ?? []
  return at('spec', [
    ...checkTop(spec.targetRef, rules.length > 0),
    ...(rules.length > 0 && to.length > 0 ? violation('', "'to' must be empty when 'rules' is defined") : []),
    ...(rules.length + to.length === 0 ? violation('', "at least one of 'to' or 'rules' has to be defined") : []),
    ...each('to', to, (item) => [
      ...checkToRef(item.targetRef, MESH_AND_SERVICES_AND_ROUTES),
      ...at('default', checkConf(item.default)),
    ]),
    ...each('rules', rules, (rule) => [
      ...each('matches', rule.matches, checkMatch),
      ...at('default', checkConf(rule.default)),
    ]),
  ])
}

function checkConf({ backends }: MeshAccessLogConf): Violation[] {
  return backends === undefined ? violation('backends', REASON.defined) : each('backends', backends, checkBackend)
}

/** A backend needs the block of its type. */
function checkBackend(backend: AccessLogBackend): Violation[] {
  switch (backend.type) {
    case 'File': {
      if (backend.file === undefined) return violation('file', REASON.defined)
      const path = isFilePath(backend.file.path) ? [] : violation('path', 'file backend requires a valid path')
      return at('file', [...at('format', checkFormat(backend.file.format)), ...path])
    }
    case 'Tcp': {
      if (backend.tcp === undefined) return violation('tcp', REASON.defined)
      const address = isUrl(backend.tcp.address) ? [] : violation('address', 'tcp backend requires valid address')
      return at('tcp', [...at('format', checkFormat(backend.tcp.format)), ...address])
    }
    case 'OpenTelemetry': {
      if (backend.openTelemetry === undefined) return violation('openTelemetry', REASON.defined)
      const { backendRef, attributes } = backend.openTelemetry
      return at('openTelemetry', [
        ...at('backendRef', backendRef ? checkTelemetryBackendRef(backendRef) : violation('', REASON.defined)),
        ...each('attributes', attributes, ({ key }) =>
          key.startsWith('otel.') ? violation('key', "must not use the reserved OpenTelemetry prefix 'otel.'") : [],
        ),
      ])
    }
  }
}

function checkFormat(format: AccessLogFormat | undefined): Violation[] {
  if (format === undefined) return []
  if (format.type === 'Plain') {
    if (format.plain === undefined) return violation('plain', REASON.defined)
    return format.plain === '' ? violation('plain', REASON.notEmpty) : []
  }
  if (format.json === undefined) return violation('json', REASON.defined)
  return [
    ...(format.json.length === 0 ? violation('json', REASON.notEmpty) : []),
    ...each('json', format.json, ({ key, value }) => [
      ...(key === '' ? violation('key', 'key cannot be empty') : []),
      ...(value === '' ? violation('value', 'value cannot be empty') : []),
      ...(isJson(`{"${key}": "${value}"}`) ? [] : violation('', 'is not a valid JSON object')),
    ]),
  ]
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
