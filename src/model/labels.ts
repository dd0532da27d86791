/** Label keys that carry identity and provenance, and their readers (kuma `api/mesh/v1alpha1/metadata.go` and labels packages). */
export type Labels = Readonly<Record<string, string>>

export const LABEL = {
  origin: 'kuma.io/origin',
  zone: 'kuma.io/zone',
  mesh: 'kuma.io/mesh',
  displayName: 'kuma.io/display-name',
  env: 'kuma.io/env',
  namespace: 'k8s.kuma.io/namespace',
  policyRole: 'kuma.io/policy-role',
  kdsSync: 'kuma.io/kds-sync',
  managedBy: 'kuma.io/managed-by',
  deletionGrace: 'kuma.io/deletion-grace-period-started-at',
  zoneIngress: 'kuma.io/listener-zoneingress',
  zoneEgress: 'kuma.io/listener-zoneegress',
  workload: 'kuma.io/workload',
  effect: 'kuma.io/effect',
  proxyType: 'kuma.io/proxy-type',
  /** Ours (docs/DIFFERENCES.md): which exported service and port a per-service MeshZoneAddress stands for. */
  exportedService: 'zonelab.dev/service',
  exportedPort: 'zonelab.dev/port',
} as const

/** `origin` is relative to the control plane that holds the copy. */
export type Origin = 'global' | 'zone'

/** Keys sorted by code unit, so that the same labels always encode to the same bytes. */
export function sortedLabels(labels: Labels): Labels {
  const sorted: Record<string, string> = {}
  for (const key of Object.keys(labels).sort()) sorted[key] = labels[key] as string
  return sorted
}

export function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

/** Local to a control plane of this kind: the origin label is absent or names it. */
export function isLocallyOriginated(labels: Labels, here: Origin): boolean {
  const origin = labels[LABEL.origin]
  return origin === undefined || origin === '' || origin === here
}

/** All of `wanted` are present with those values. */
export function matchesLabels(labels: Labels, wanted: Labels): boolean {
  return Object.keys(wanted).every((key) => labels[key] === wanted[key])
}
