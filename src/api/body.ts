import { AppError, type Violation } from '../base/errors.js'
import { isJsonObject, type Json, type JsonObject, parseJson } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { invalidResource } from './problem.js'

/** What the body of a PUT states, before anything is checked against the URL. Absent names are ''. */
export interface StatedResource {
  readonly type: string
  readonly mesh: string
  readonly name: string
  readonly labels: Labels
  /** The whole flat object for protobuf types, the `spec` member for JSON types. */
  readonly spec: JsonObject
}

/** What a JSON type's schema puts in when a body names no mesh. */
const DEFAULT_MESH = 'default'

/**
 * Throws `undecodable` for bytes that are no JSON object or members of the wrong kind, and `invalid-resource` for what
 * the schema of JSON types demands of the meta.
 */
export function readBody(type: ResourceType, bytes: Buffer): StatedResource {
  const body = parseObject(type, bytes)
  const isProto = descriptorOf(type).spec === 'proto'
  if (!isProto) requireMeta(type, body)
  const { spec } = body
  return {
    type: textMember(type, body, 'type'),
    mesh: textMember(type, body, 'mesh') || (isProto ? '' : DEFAULT_MESH),
    name: textMember(type, body, 'name'),
    labels: labelsMember(type, body),
    spec: isProto ? body : (spec as JsonObject),
  }
}

/** A resource that is not of its type's form; Kuma's sentence, with the reason in quotes. */
export function unreadable(type: ResourceType, reason: string, cause?: unknown): AppError {
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
  throw unreadable(type, `json: cannot unmarshal ${kindOf(value)} into a resource`)
}

/** Go's words where both parsers mean the same thing, which is what truncated and empty bodies get. */
export function jsonReason(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return /end of JSON input|^Unterminated|^Expected .* after/.test(message) && !message.includes('Unexpected token')
    ? message.replace('Unexpected', 'unexpected')
    : message
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

/** The schema's demands on the meta, all named at once, in the order of their texts as Kuma sorts them. */
function requireMeta(type: ResourceType, body: JsonObject): void {
  const reasons: string[] = []
  for (const member of ['name', 'spec', 'type']) {
    if (body[member] === undefined) reasons.push(`.${member} in body is required`)
  }
  if (body.spec !== undefined && !isJsonObject(body.spec)) {
    reasons.push(`spec in body must be of type object: "${kindOf(body.spec)}"`)
  }
  if (body.type !== undefined && body.type !== type) reasons.push(`type in body should be one of [${type}]`)
  const violations: Violation[] = reasons.map((reason) => ({ field: '', reason }))
  if (violations.length > 0) throw invalidResource(...violations)
}
