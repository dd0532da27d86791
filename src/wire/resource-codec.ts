import { create, toBinary } from '@bufbuild/protobuf'
import { AnySchema } from '@bufbuild/protobuf/wkt'
import { AppError } from '../base/errors.js'
import { type Labels, sortedLabels } from '../model/labels.js'
import { decodeMessage } from './decode.js'
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

/** Deterministic: fields by number, labels by key, so that the digest of the bytes is a content version. */
export function encodeKumaResource({ name, mesh, labels, spec, status }: KumaResourceEnvelope): Uint8Array {
  const message = create(KumaResourceSchema, {
    meta: { name, mesh: mesh ?? '', labels: sortedLabels(labels) },
    spec: { ...spec },
  })
  if (status) message.status = create(AnySchema, { ...status })
  return toBinary(KumaResourceSchema, message)
}

/** Throws `undecodable` for bytes that are no KumaResource, or one without name or spec. Specs are left encoded. */
export function decodeKumaResource(bytes: Uint8Array): KumaResourceEnvelope {
  const { meta, spec, status } = decodeMessage(KumaResourceSchema, bytes)
  if (!meta?.name) throw new AppError('undecodable', 'a KumaResource has no name')
  // Kuma's receiver cannot read a resource without a spec either; an empty one still has its type URL or `{}`.
  if (!spec) throw new AppError('undecodable', `KumaResource ${JSON.stringify(meta.name.slice(0, 253))} has no spec`)
  return { name: meta.name, mesh: meta.mesh || undefined, labels: meta.labels, spec, status }
}
