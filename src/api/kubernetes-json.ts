import type { JsonObject } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import { descriptorOf } from '../model/registry.js'
import { type Resource, specOf, statusOf } from '../model/resource.js'

/** Where Kuma's Kubernetes objects live when the request names no namespace. */
const SYSTEM_NAMESPACE = 'kuma-system'

/** `?format=k8s`: what the resource would look like as a Kubernetes object (kuma `pkg/plugins/resources/k8s/mapper.go`). */
export function kubernetesJson(resource: Resource, namespace: string): JsonObject {
  const { type, mesh } = resource
  const descriptor = descriptorOf(type)
  const isSecret = type === 'Secret' || type === 'GlobalSecret'
  // JSON types and secrets carry their mesh as a label, the older protobuf types as a member.
  const asLabel = isSecret || descriptor.spec === 'json'
  const metadata: JsonObject = {
    name: resource.name,
    ...(isNamespaced(resource) && { namespace: namespace || SYSTEM_NAMESPACE }),
    creationTimestamp: new Date(resource.createdAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    ...(asLabel && mesh !== undefined && { labels: { [LABEL.mesh]: mesh } }),
  }
  if (isSecret) return secretJson(resource, metadata)
  return {
    kind: type,
    apiVersion: 'kuma.io/v1alpha1',
    metadata,
    ...(!asLabel && mesh !== undefined && { mesh }),
    spec: specOf(resource),
    ...(descriptor.hasStatus && { status: statusOf(resource) ?? {} }),
  }
}

function secretJson(resource: Resource, metadata: JsonObject): JsonObject {
  const { data } = specOf<{ data?: string }>(resource)
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata,
    ...(data !== undefined && { data: { value: data } }),
    type: resource.type === 'Secret' ? 'system.kuma.io/secret' : 'system.kuma.io/global-secret',
  }
}

/** Of the global types only generators and secrets live in a namespace; the rest are cluster-scoped. */
function isNamespaced({ type, mesh }: Resource): boolean {
  return mesh !== undefined || type === 'HostnameGenerator' || type === 'GlobalSecret'
}
