import { type JsonObject, type JsonText, parseJson } from './json.js'
import { LABEL, type Labels } from './labels.js'
import type { ResourceType } from './registry.js'

/** Names one resource of one tenant. `mesh` is undefined exactly for global-scoped types. */
export interface ResourceKey {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
}

/** A resource as the store keeps it. Values are immutable: a change is a new object. */
export interface Resource extends ResourceKey {
  /** New on each creation: a re-created resource is another one. */
  readonly uid: string
  /** Optimistic version, from 1, +1 with each stored change; compare-and-set in writes. Not the content version. */
  readonly version: number
  readonly labels: Labels
  /** Canonical JSON of the spec. For protobuf types this is canonical protobuf JSON. */
  readonly spec: JsonText
  /** Canonical JSON of the status; undefined for types without one or when never set. */
  readonly status: JsonText | undefined
  readonly createdAtMs: number
  readonly modifiedAtMs: number
  /** Deleted together with its owner: a mesh's resources with the mesh, what came from a zone with the Zone. */
  readonly owner: ResourceKey | undefined
  /** Content version under which the publisher sent this copy; undefined for what was made here. */
  readonly syncedVersion: string | undefined
}

/** What a writer states; the store adds uid, version and times. */
export interface ResourceDraft extends ResourceKey {
  readonly labels: Labels
  readonly spec: JsonText
  readonly status: JsonText | undefined
  readonly owner: ResourceKey | undefined
  readonly syncedVersion: string | undefined
}

/** A stored resource as a writer would state it: what to start an update from. */
export function draftOf({ type, mesh, name, labels, spec, status, owner, syncedVersion }: Resource): ResourceDraft {
  return { type, mesh, name, labels, spec, status, owner, syncedVersion }
}

/** A key as one string, for maps. Type names and names hold no slash. */
export function keyText(key: ResourceKey): string {
  return `${key.type}/${key.mesh ?? ''}/${key.name}`
}

export function keyOf({ type, mesh, name }: ResourceKey): ResourceKey {
  return { type, mesh, name }
}

/** The name that users gave: the display-name label, else the stored name (kuma `model.GetDisplayName`). */
export function displayName(resource: { readonly name: string; readonly labels: Labels }): string {
  return resource.labels[LABEL.displayName] || resource.name
}

const parsed = new WeakMap<object, Map<JsonText, JsonObject>>()

/** The spec as an object, parsed once per resource value. Never mutate it. */
export function specOf<T = JsonObject>(resource: { readonly spec: JsonText }): T {
  return parseOnce(resource, resource.spec) as T
}

export function statusOf<T = JsonObject>(resource: { readonly status: JsonText | undefined }): T | undefined {
  return resource.status === undefined ? undefined : (parseOnce(resource, resource.status) as T)
}

function parseOnce(holder: object, text: JsonText): JsonObject {
  let texts = parsed.get(holder)
  if (!texts) {
    texts = new Map()
    parsed.set(holder, texts)
  }
  let value = texts.get(text)
  if (!value) {
    value = parseJson(text) as JsonObject
    texts.set(text, value)
  }
  return value
}
