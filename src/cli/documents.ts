import { readBody } from '../api/body.js'
import { AppError, type Violation } from '../base/errors.js'
import { parseYaml, type YamlDocument } from '../lab/yaml-file.js'
import { isJsonObject, type JsonObject } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import { checkName } from '../model/names.js'
import { descriptorOf, isResourceType, type ResourceType } from '../model/registry.js'
import type { Source } from './sources.js'

/** A resource as a file states it, ready for the API. */
export interface ResourceDocument {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
  /** Kuma's universal JSON. */
  readonly body: JsonObject
  /** `file:line:column`. */
  readonly where: string
  /** Where it names its mesh, or would. */
  readonly meshWhere: string
}

export interface Documents {
  readonly resources: readonly ResourceDocument[]
  /** Documents that are zonelab's own, which no control plane takes. */
  readonly skipped: readonly { readonly where: string; readonly kind: string }[]
}

const OWN_KINDS: readonly unknown[] = ['Topology', 'Scenario']

/**
 * Every document of the sources, all checked, meshes first and policies last. Throws `invalid-resource` that names every mistake with its
 * file, line and column; `invalid-argument` for what is no YAML.
 */
export function readDocuments(sources: readonly Source[]): Documents {
  const resources: ResourceDocument[] = []
  const skipped: Documents['skipped'][number][] = []
  const mistakes: Mistake[] = []
  for (const { name, text } of sources) {
    for (const document of parseYaml(text, name)) {
      const kind = (document.value as { kind?: unknown }).kind
      if (OWN_KINDS.includes(kind)) skipped.push({ where: document.where([]), kind: String(kind) })
      else collect(document, resources, mistakes)
    }
  }
  if (mistakes.length > 0) {
    const lines = mistakes.map(({ where, field, reason }) => `${where}: ${field === '' ? '' : `${field}: `}${reason}`)
    throw new AppError('invalid-resource', lines.join('\n'), { violations: mistakes })
  }
  return { resources: [...resources].sort((a, b) => rank(a.type) - rank(b.type)), skipped }
}

/** Meshes, then what is no policy, then policies in the order in which their kinds take effect. */
function rank(type: ResourceType): number {
  return type === 'Mesh' ? -1 : (descriptorOf(type).policy?.order ?? 0)
}

interface Mistake extends Violation {
  readonly where: string
}

function collect(document: YamlDocument, resources: ResourceDocument[], mistakes: Mistake[]): void {
  const report = ({ field, reason }: Violation) =>
    mistakes.push({ where: document.where(pathOf(field)), field, reason })
  if (!isJsonObject(document.value as JsonObject)) {
    report({ field: '', reason: 'a resource is a map with type, name and mesh' })
    return
  }
  const body = universalForm(document.value as JsonObject)
  const { type } = body
  if (typeof type !== 'string' || !isResourceType(type)) {
    report({ field: 'type', reason: type === undefined ? 'is missing' : `there is no type ${JSON.stringify(type)}` })
    return
  }
  const mesh = descriptorOf(type).scope === 'mesh' ? String(body.mesh ?? 'default') : undefined
  const name = typeof body.name === 'string' ? body.name : ''
  const complete = { ...body, ...(mesh !== undefined && { mesh }) }
  const faults = [...checkName(type, name, mesh), ...specFaults(type, complete)]
  for (const fault of faults) report(fault)
  if (faults.length > 0) return
  const meshPath = 'mesh' in (document.value as JsonObject) ? ['mesh'] : ['metadata', 'labels', LABEL.mesh]
  const [where, meshWhere] = [document.where([]), document.where(meshPath)]
  resources.push({ type, mesh, name, body: complete, where, meshWhere })
}

/** The same reading that the API does, so that what passes here is not refused there. */
function specFaults(type: ResourceType, body: JsonObject): readonly Violation[] {
  try {
    readBody(type, Buffer.from(JSON.stringify(body)))
    return []
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code === 'internal') throw error
    return error.violations.length > 0 ? error.violations : [{ field: '', reason: error.message }]
  }
}

/** Kubernetes' form (apiVersion, kind, metadata) as Kuma's own; anything else as it is. */
function universalForm(value: JsonObject): JsonObject {
  const { apiVersion, kind, metadata, spec } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isJsonObject(metadata)) return value
  const labels = isJsonObject(metadata.labels) ? metadata.labels : {}
  const mesh = labels[LABEL.mesh] ?? value.mesh
  const isProto = isResourceType(kind) && descriptorOf(kind).spec === 'proto'
  return {
    type: kind,
    name: metadata.name ?? '',
    ...(mesh !== undefined && { mesh }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(isProto && isJsonObject(spec) ? spec : spec !== undefined && { spec }),
  }
}

/** `spec.to[0].default` and `labels["a.b"]` as steps into the document. */
function pathOf(field: string): (string | number)[] {
  return [...field.matchAll(/\["([^"]*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, name]) =>
    index === undefined ? (quoted ?? name ?? '') : Number(index),
  )
}
