import { create, toBinary } from '@bufbuild/protobuf'
import { contentVersion } from '../../../src/wire/content-version.js'
import { encodeDeltaResponse } from '../../../src/wire/delta-codec.js'
import {
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../../../src/wire/generated/envoy/service/discovery/v3/discovery_pb.js'
import { KumaResourceSchema } from '../../../src/wire/generated/kds/sync_pb.js'
import { KUMA_RESOURCE_URL } from '../../../src/wire/type-urls.js'
import { CHANGED, policy } from '../workload.js'

/** Bytes of a message beside the padding of its one resource, so that messages come out at the size asked for. */
const OVERHEAD = 520

/** A policy that makes a message of about `size` bytes. */
export function changed(size: number, version: number) {
  return policy(CHANGED.type, CHANGED.name, String(version), size - OVERHEAD)
}

/** What a stock server does for each zone: map the resource, encode it, hash it, and make a response of it. */
export function response(size: number, version: number): DeltaDiscoveryResponse {
  const { type, mesh = '', name, labels, spec } = changed(size, version)
  const mapped = { ...labels, 'kuma.io/display-name': name }
  const value = toBinary(
    KumaResourceSchema,
    create(KumaResourceSchema, { meta: { name, mesh, labels: mapped }, spec: { value: Buffer.from(spec) } }),
  )
  const resource = create(ResourceSchema, {
    name: `${name}.${mesh}`,
    version: contentVersion(value),
    resource: { typeUrl: KUMA_RESOURCE_URL, value },
  })
  return create(DeltaDiscoveryResponseSchema, {
    typeUrl: type,
    nonce: `nonce-${version}`,
    resources: [resource],
    controlPlane: { identifier: 'global' },
  })
}

/** The same message, encoded once. */
export function sharedMessage(size: number, version: number): Buffer {
  const { typeUrl: type, nonce, resources } = response(size, version)
  const encoded = resources.map((resource) => toBinary(ResourceSchema, resource))
  return encodeDeltaResponse({ type, nonce, resources: encoded, removed: [], controlPlane: 'global' })
}
