import {
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { AppError } from '../base/errors.js'
import { canonicalJson, isJsonObject, type Json, type JsonObject, type JsonText, parseJson } from '../model/json.js'
import type { ResourceType } from '../model/registry.js'
import { knownFields, refusedField, schemaOf } from './spec-schemas.js'
import { TYPE_URL_PREFIX } from './type-urls.js'

/** A google.protobuf.Any in plain words. Specs in JSON have an empty `typeUrl` (kuma `pkg/core/resources/model/utils.go`). */
export interface AnyValue {
  readonly typeUrl: string
  readonly value: Uint8Array
}

/** A stored spec as it travels. Deterministic: equal specs are equal bytes. Throws `invalid-resource` if it is not of its type. */
export function encodeSpec(type: ResourceType, spec: JsonText): AnyValue {
  const schema = schemaOf(type)
  if (!schema) return { typeUrl: '', value: Buffer.from(spec, 'utf8') }
  return {
    typeUrl: TYPE_URL_PREFIX + schema.typeName,
    value: toBinary(schema, readJson(type, schema, parseJson(spec))),
  }
}

/** Every status is JSON. */
export function encodeStatus(status: JsonText): AnyValue {
  return { typeUrl: '', value: Buffer.from(status, 'utf8') }
}

/** A spec as JSON, and its canonical text. */
export interface DecodedSpec {
  readonly json: JsonObject
  readonly text: JsonText
}

/**
 * A received spec. Fields unknown to us are kept in JSON specs and dropped from protobuf ones, as Kuma
 * does when it stores them. Throws `undecodable` for a wrong type URL, bytes that are no such message, or a JSON spec
 * that is no object.
 */
export function decodeSpec(type: ResourceType, typeUrl: string, value: Uint8Array): DecodedSpec {
  const schema = schemaOf(type)
  if (!schema) return decodeJsonSpec(type, value)
  // Only what follows the last slash names the message (google/protobuf/any.proto).
  if (typeUrl.slice(typeUrl.lastIndexOf('/') + 1) !== schema.typeName) {
    throw new AppError('undecodable', `the spec of a ${type} must be a ${schema.typeName}, not ${quote(typeUrl)}`)
  }
  try {
    const json = toJson(schema, fromBinary(schema, value, { readUnknownFields: false }))
    return { json: json as JsonObject, text: canonicalJson(json as Json) }
  } catch (cause) {
    throw new AppError('undecodable', `the spec of a ${type} does not decode as ${schema.typeName}`, { cause })
  }
}

/**
 * The spec that a REST body states, in canonical protobuf JSON: names in camel case, zero values left out, 64-bit numbers
 * as strings, enums by name. Members that the message does not know are ignored, so `json` may be the whole flat resource.
 * Throws `invalid-resource` naming the field.
 */
export function canonicalProtoSpec(type: ResourceType, json: Json): JsonText {
  const schema = schemaOf(type)
  if (!schema) throw new AppError('internal', `${type} has no protobuf spec`)
  return canonical(schema, readJson(type, schema, json))
}

function canonical<S extends DescMessage>(schema: S, message: MessageShape<S>): JsonText {
  return canonicalJson(toJson(schema, message) as Json)
}

function readJson<S extends DescMessage>(type: ResourceType, schema: S, json: Json): MessageShape<S> {
  const known = knownFields(schema, json)
  try {
    return fromJson(schema, known as JsonValue)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const violations = [{ field: refusedField(schema, known) || 'spec', reason }]
    throw new AppError('invalid-resource', `the ${type} does not have the form of its type: ${reason}`, {
      cause,
      violations,
    })
  }
}

function decodeJsonSpec(type: ResourceType, value: Uint8Array): DecodedSpec {
  let spec: Json
  try {
    spec = parseJson(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'))
    if (isJsonObject(spec)) return { json: spec, text: canonicalJson(spec) }
  } catch (cause) {
    // Also text that nests so deep that writing it would exhaust the stack.
    throw new AppError('undecodable', `the spec of a ${type} is not JSON`, { cause })
  }
  throw new AppError('undecodable', `the spec of a ${type} is not a JSON object`)
}

/** What a peer wrote, short and unmistakably its. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
