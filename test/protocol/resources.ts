import type { DeltaResponse, EncodedResponse } from '../../src/protocol/messages.js'
import type { EncodeResponse } from '../../src/protocol/shared-responses.js'
import type { SnapshotEntry } from '../../src/protocol/snapshot-source.js'

/** The tests' own wire format: JSON instead of protobuf. A payload is a string. */
const text = new TextEncoder()
const bytesToText = new TextDecoder()

export const encode: EncodeResponse = (_type, _nonce, resources, removed) =>
  text.encode(JSON.stringify({ resources: resources.map((bytes) => JSON.parse(bytesToText.decode(bytes))), removed }))

export function decode({ type, nonce, bytes }: EncodedResponse): DeltaResponse<string> {
  return { type, nonce, ...JSON.parse(bytesToText.decode(bytes)) }
}

/** `entries({ a: '1' })` is one resource named a in version 1. */
export function entries(versions: Readonly<Record<string, string>>): ReadonlyMap<string, SnapshotEntry> {
  return new Map(Object.entries(versions).map(([name, version]) => [name, entry(name, version)]))
}

function entry(name: string, version: string): SnapshotEntry {
  return { version, bytes: text.encode(JSON.stringify({ name, version, payload: `${name}@${version}` })) }
}

/** `snapshot({ T: { a: '1' } })` is one type T with one resource. */
export function snapshot(types: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  return new Map(Object.entries(types).map(([type, versions]) => [type, entries(versions)]))
}
