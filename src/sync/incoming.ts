import { AppError } from '../base/errors.js'
import { canonicalJson, type JsonText, parseJson } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import { sortedLabels } from '../model/labels.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import type { ResourceKey } from '../model/resource.js'
import { validateStored } from '../model/validation.js'
import type { DeltaResource } from '../protocol/messages.js'
import { decodeKumaResource } from '../wire/resource-codec.js'
import { decodeSpec } from '../wire/spec-codec.js'

/** A received copy, decoded and found valid, not yet attributed. */
export interface Incoming extends ResourceKey {
  readonly labels: Labels
  readonly spec: JsonText
  readonly status: JsonText | undefined
  /** The sender's content version. */
  readonly version: string
}

/** Decodes and validates one resource of a batch; throws AppError `undecodable` or `invalid-resource` for this one alone. */
export function readIncoming(type: ResourceType, received: DeltaResource<Uint8Array>): Incoming {
  const envelope = decodeKumaResource(received.payload)
  const { json, text: spec } = decodeSpec(type, envelope.spec.typeUrl, envelope.spec.value)
  const violations = validateStored(type, json)
  if (violations.length > 0) {
    const text = violations.map(({ field, reason }) => `${field}: ${reason}`).join('; ')
    throw new AppError('invalid-resource', text, { violations })
  }
  return {
    ...keyIn(type, envelope),
    labels: sortedLabels(envelope.labels),
    spec,
    status: envelope.status === undefined ? undefined : statusText(type, envelope.status.value),
    version: received.version,
  }
}

/** What the store could not keep is refused here, so that the rest of its batch is kept. A mesh on a global type is ignored. */
function keyIn(
  type: ResourceType,
  { name, mesh }: { readonly name: string; readonly mesh: string | undefined },
): ResourceKey {
  const key = { type, name, mesh: descriptorOf(type).scope === 'mesh' ? (mesh ?? '') : undefined }
  const parts = key.mesh === undefined ? [name] : [name, key.mesh]
  if (parts.some((part) => part === '' || part.includes('/')))
    throw new AppError(
      'invalid-resource',
      `a ${type} needs a name and a mesh without slashes, not ${JSON.stringify(key)}`,
    )
  return key
}

function statusText(type: ResourceType, value: Uint8Array): JsonText | undefined {
  if (!descriptorOf(type).hasStatus || value.length === 0) return undefined
  try {
    return canonicalJson(parseJson(Buffer.from(value).toString('utf8')))
  } catch (cause) {
    throw new AppError('undecodable', `the status of a ${type} is not JSON`, { cause })
  }
}
