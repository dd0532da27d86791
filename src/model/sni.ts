import { rfc1123LabelFaults, SUBDOMAIN_LENGTH_MAX } from './dns-names.js'
import { LABEL, type Labels } from './labels.js'
import { descriptorOf } from './registry.js'
import { displayName } from './resource.js'

/** The types whose ports are reached by SNI (kuma `pkg/core/resources/sni`). */
export type SniType = 'MeshService' | 'MeshExternalService' | 'MeshMultiZoneService'

export interface SniTarget {
  readonly type: SniType
  readonly mesh: string | undefined
  readonly name: string
  readonly labels: Labels
}

/**
 * `sni.<short>.<mesh>[.<zone>[.<namespace>]].<display name>.<section>`; the section is a port's name or number.
 * The namespace is left out when there is no zone: what the global authored has none to be told apart by.
 */
export function sniOf(target: SniTarget, section: string): string {
  const { mesh, zone, namespace, name } = identity(target)
  const place = zone === '' ? [] : namespace === '' ? [zone] : [zone, namespace]
  return ['sni', descriptorOf(target.type).short, mesh, ...place, name, section].join('.')
}

/** Every reason why `sniOf` is not a usable DNS name, in Kuma's words; empty when it is. */
export function sniFaults(target: SniTarget, section: string): readonly string[] {
  const { mesh, zone, namespace, name } = identity(target)
  if (mesh === '' || name === '' || section === '') return ['mesh, name and sectionName must be non-empty']
  const faults: string[] = []
  const segments: (readonly [string, string])[] = [
    ['mesh', mesh],
    ['name', name],
  ]
  if (zone !== '') segments.push(['zone', zone])
  if (zone !== '' && namespace !== '') segments.push(['namespace', namespace])
  for (const [what, value] of segments) {
    const reasons = rfc1123LabelFaults(value)
    if (reasons.length > 0) {
      faults.push(`${what} ${JSON.stringify(value)} does not conform to RFC 1123: ${reasons.join('; ')}`)
    }
  }
  const reasons = rfc1123LabelFaults(section)
  if (reasons.length > 0) faults.push(reasons.join('; '))
  const length = sniOf(target, section).length
  if (length > SUBDOMAIN_LENGTH_MAX) {
    faults.push(`computed SNI is ${length} characters which exceeds the DNS hostname limit (${SUBDOMAIN_LENGTH_MAX})`)
  }
  return faults
}

function identity(target: SniTarget) {
  return {
    mesh: target.mesh ?? '',
    zone: target.labels[LABEL.zone] ?? '',
    namespace: target.labels[LABEL.namespace] ?? '',
    name: displayName(target),
  }
}
