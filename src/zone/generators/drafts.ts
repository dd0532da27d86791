import { EMPTY_JSON_OBJECT, type JsonText } from '../../model/json.js'
import type { Labels } from '../../model/labels.js'
import type { ResourceType } from '../../model/registry.js'
import type { ResourceDraft } from '../../model/resource.js'
import type { Expect, Write } from '../../store/store.js'

/** What is made in a mesh is owned by it. */
export function meshDraft(
  type: ResourceType,
  mesh: string,
  name: string,
  labels: Labels,
  spec: JsonText = EMPTY_JSON_OBJECT,
  status?: JsonText,
): ResourceDraft {
  const owner = { type: 'Mesh', mesh: undefined, name: mesh } as const
  return { type, mesh, name, labels, spec, status, owner, syncedVersion: undefined }
}

export function put(resource: ResourceDraft, expect: Expect): Write {
  return { kind: 'put', resource, expect }
}
