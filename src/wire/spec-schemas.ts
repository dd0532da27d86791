import { type DescField, type DescMessage, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { isJsonObject, type Json } from '../model/json.js'
import type { ResourceType } from '../model/registry.js'
import { DataplaneInsightSchema } from './generated/kds/dataplane_insight_pb.js'
import { DataplaneSchema } from './generated/kds/dataplane_pb.js'
import { MeshInsightSchema } from './generated/kds/mesh_insight_pb.js'
import { MeshSchema } from './generated/kds/mesh_pb.js'
import { ServiceInsightSchema } from './generated/kds/service_insight_pb.js'
import { ConfigSchema, SecretSchema, ZoneSchema } from './generated/kds/system_pb.js'
import { ZoneInsightSchema } from './generated/kds/zone_insight_pb.js'

const SCHEMAS: Partial<Record<ResourceType, DescMessage>> = {
  Mesh: MeshSchema,
  Zone: ZoneSchema,
  ZoneInsight: ZoneInsightSchema,
  MeshInsight: MeshInsightSchema,
  Config: ConfigSchema,
  Secret: SecretSchema,
  GlobalSecret: SecretSchema,
  Dataplane: DataplaneSchema,
  DataplaneInsight: DataplaneInsightSchema,
  ServiceInsight: ServiceInsightSchema,
}

/** The protobuf message of a type's spec; undefined for types whose spec travels as JSON. */
export function schemaOf(type: ResourceType): DescMessage | undefined {
  return SCHEMAS[type]
}

/**
 * The JSON without members that the message does not know, which Kuma ignores. Values are left as they are: an unknown
 * enum name must still be refused, so the parser cannot be told to ignore what is unknown.
 */
export function knownFields(schema: DescMessage, json: Json): Json {
  if (!isJsonObject(json) || isWellKnown(schema)) return json
  const fields = new Map<string, DescField>()
  for (const field of schema.fields) fields.set(field.name, field).set(field.jsonName, field)
  const known: Record<string, Json> = {}
  for (const [name, value] of Object.entries(json)) {
    const field = fields.get(name)
    if (field && value !== undefined) known[name] = knownValue(field, value)
  }
  return known
}

function knownValue(field: DescField, value: Json): Json {
  const { message } = field
  if (!message) return value
  if (field.fieldKind === 'list' && Array.isArray(value)) return value.map((item) => knownFields(message, item))
  if (field.fieldKind === 'map' && isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, knownFields(message, item ?? null)]))
  }
  return knownFields(message, value)
}

/**
 * The path of the first member that keeps `json` from being the message, such as `networking.inbound[0].port`; empty when
 * it is the whole. The parser names a message or an enum and not the member that holds it, so this asks it again in parts.
 */
export function refusedField(schema: DescMessage, json: Json, path = ''): string {
  if (!isJsonObject(json) || isWellKnown(schema)) return path
  for (const [name, value] of Object.entries(json)) {
    if (value === undefined || parses(schema, { [name]: value })) continue
    const here = path === '' ? name : `${path}.${name}`
    const field = schema.fields.find((candidate) => candidate.name === name || candidate.jsonName === name)
    if (!field?.message) return here
    if (field.fieldKind === 'message') return refusedField(field.message, value, here)
    return refusedItem(field.message, value, here)
  }
  return path
}

function refusedItem(schema: DescMessage, items: Json, path: string): string {
  if (typeof items !== 'object' || items === null) return path
  for (const [key, item] of Object.entries(items)) {
    const here = Array.isArray(items) ? `${path}[${key}]` : `${path}.${key}`
    if (item !== undefined && !parses(schema, item)) return refusedField(schema, item, here)
  }
  return path
}

function parses(schema: DescMessage, json: Json): boolean {
  try {
    fromJson(schema, json as JsonValue)
    return true
  } catch {
    return false
  }
}

function isWellKnown(schema: DescMessage): boolean {
  return schema.typeName.startsWith('google.protobuf.')
}
