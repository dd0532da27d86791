import { AppError, type Violation } from '../base/errors.js'
import { canonicalJson, isJsonObject, type Json, type JsonObject, type JsonText, parseJson } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { validateSpec } from '../model/validation.js'
import { canonicalProtoSpec } from '../wire/spec-codec.js'
import { invalidResource } from './problem.js'

/** What the body of a PUT states, before anything is checked against the URL. Absent names are ''. */
export interface StatedResource {
  readonly type: string
  readonly mesh: string
  readonly name: string
  readonly labels: Labels
  /** Canonical, with the schema's defaults in it. */
  readonly spec: JsonText
}

/** What a JSON type's schema puts in when a body names no mesh. */
const DEFAULT_MESH = 'default'

/**
 * Throws `undecodable` for bytes that are no JSON object or hold values of the wrong form, and `invalid-resource` for all
 * that the type's schema and then its rules find.
 */
export function readBody(type: ResourceType, bytes: Buffer): StatedResource {
  const body = parseObject(type, bytes)
  const isProto = descriptorOf(type).spec === 'proto'
  const spec = isProto ? protoSpec(type, body) : jsonSpec(type, body)
  return {
    type: textMember(type, body, 'type'),
    mesh: textMember(type, body, 'mesh') || (isProto ? '' : DEFAULT_MESH),
    name: textMember(type, body, 'name'),
    labels: labelsMember(type, body),
    spec,
  }
}

/** The spec members sit beside the meta ones, which the codec ignores. */
function protoSpec(type: ResourceType, body: JsonObject): JsonText {
  let spec: JsonText
  try {
    spec = canonicalProtoSpec(type, body)
  } catch (thrown) {
    const error = AppError.from(thrown)
    throw error.code === 'invalid-resource'
      ? unreadable(type, error.violations[0]?.reason ?? error.message, error)
      : error
  }
  const checked = validateSpec(type, parseJson(spec))
  if (!checked.ok) throw invalidResource(...checked.violations)
  return spec
}

function jsonSpec(type: ResourceType, body: JsonObject): JsonText {
  const faults = metaFaults(type, body)
  const checked = validateSpec(type, body.spec)
  if (!checked.ok && checked.undecodable !== undefined && faults.length === 0) {
    throw unreadable(type, checked.undecodable)
  }
  // Rules are looked at only when the schema, the meta's part included, has nothing to say.
  const violations = [...faults, ...(checked.ok ? [] : checked.violations)]
  if (faults.length > 0) violations.sort((a, b) => (schemaText(a) < schemaText(b) ? -1 : 1))
  if (violations.length > 0 || !checked.ok) throw invalidResource(...violations)
  return canonicalJson(checked.spec)
}

/** The validator's line that a violation was made from, by which Kuma sorts. */
function schemaText({ field, reason }: Violation): string {
  return field === '' ? reason : `${field} ${reason}`
}

/** A resource that is not of its type's form; Kuma's sentence, with the reason in quotes. */
function unreadable(type: ResourceType, reason: string, cause?: unknown): AppError {
  return new AppError('undecodable', `invalid ${type} object: ${JSON.stringify(reason)}`, { cause })
}

function parseObject(type: ResourceType, bytes: Buffer): JsonObject {
  let value: Json
  try {
    value = parseJson(bytes.toString('utf8'))
  } catch (thrown) {
    throw unreadable(type, jsonReason(thrown), thrown)
  }
  if (isJsonObject(value)) return value
  const goType = descriptorOf(type).spec === 'proto' ? 'v1alpha1.ResourceMeta' : 'map[string]interface {}'
  throw unreadable(type, `json: cannot unmarshal ${kindOf(value)} into Go value of type ${goType}`)
}

/** Go's words where both parsers mean the same thing, which is what most truncated and all empty bodies get. */
function jsonReason(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return message.replace('Unexpected end of', 'unexpected end of')
}

function kindOf(value: Json | undefined): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function textMember(type: ResourceType, body: JsonObject, member: 'type' | 'mesh' | 'name'): string {
  const value = body[member]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw unreadable(type, `json: cannot unmarshal ${kindOf(value)} into field .${member} of type string`)
}

function labelsMember(type: ResourceType, body: JsonObject): Labels {
  const { labels } = body
  if (labels === undefined || labels === null) return {}
  const wrong = isJsonObject(labels) ? Object.values(labels).find((value) => typeof value !== 'string') : labels
  if (wrong === undefined) return labels as Labels
  throw unreadable(type, `json: cannot unmarshal ${kindOf(wrong)} into field .labels of type map[string]string`)
}

/** The schema's demands on the meta. */
function metaFaults(type: ResourceType, body: JsonObject): readonly Violation[] {
  const reasons = ['name', 'type']
    .filter((member) => body[member] === undefined)
    .map((m) => `.${m} in body is required`)
  if (body.type !== undefined && body.type !== type) reasons.push(`type in body should be one of [${type}]`)
  return reasons.map((reason) => ({ field: '', reason }))
}
