import { AppError } from '../base/errors.js'
import type { Labels } from '../model/labels.js'
import { decodeMessage } from './decode.js'
import { concatFields, type Field, stated } from './fields.js'
import { KumaResourceSchema } from './generated/kds/sync_pb.js'
import type { AnyValue } from './spec-codec.js'

/** What every resource travels in on KDS (kds.md §1.2); `mesh` is empty or undefined for global-scoped types. */
export interface KumaResourceEnvelope {
  readonly name: string
  readonly mesh: string | undefined
  readonly labels: Labels
  readonly spec: AnyValue
  readonly status: AnyValue | undefined
}

/** Field numbers of KumaResource, its Meta, the entries of a map, and Any. */
const FIELD = {
  meta: { name: 1, mesh: 2, labels: 6 },
  entry: { key: 1, value: 2 },
  any: { typeUrl: 1, value: 2 },
  resource: { meta: 1, spec: 2, status: 3 },
} as const

/** Deterministic: fields by number, labels by key, so that the digest of the bytes is a content version. */
export function encodeKumaResource({ name, mesh = '', labels, spec, status }: KumaResourceEnvelope): Buffer {
  const meta = concatFields([
    ...stated([FIELD.meta.name, Buffer.from(name)], [FIELD.meta.mesh, Buffer.from(mesh)]),
    ...Object.keys(labels)
      .sort()
      .map((key): Field => [FIELD.meta.labels, encodeLabel(key, labels[key] as string)]),
  ])
  const fields: Field[] = [
    [FIELD.resource.meta, meta],
    [FIELD.resource.spec, encodeAny(spec)],
  ]
  if (status) fields.push([FIELD.resource.status, encodeAny(status)])
  return concatFields(fields)
}

/** An entry of a map states both, also where they are empty. */
function encodeLabel(key: string, value: string): Buffer {
  return concatFields([
    [FIELD.entry.key, Buffer.from(key)],
    [FIELD.entry.value, Buffer.from(value)],
  ])
}

function encodeAny({ typeUrl, value }: AnyValue): Buffer {
  return concatFields(stated([FIELD.any.typeUrl, Buffer.from(typeUrl)], [FIELD.any.value, value]))
}

/** Throws `undecodable` for bytes that are no KumaResource, or one without name or spec. Specs are left encoded. */
export function decodeKumaResource(bytes: Uint8Array): KumaResourceEnvelope {
  const { meta, spec, status } = decodeMessage(KumaResourceSchema, bytes)
  if (!meta?.name) throw new AppError('undecodable', 'a KumaResource has no name')
  // Kuma's receiver cannot read a resource without a spec either; an empty one still has its type URL or `{}`.
  if (!spec) throw new AppError('undecodable', `KumaResource ${JSON.stringify(meta.name.slice(0, 253))} has no spec`)
  return { name: meta.name, mesh: meta.mesh || undefined, labels: meta.labels, spec, status }
}
