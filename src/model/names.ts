import type { Violation } from '../base/errors.js'
import { isRfc1123Subdomain, rfc1035LabelFaults, rfc1123SubdomainFaults, SUBDOMAIN_LENGTH_MAX } from './dns-names.js'
import type { Labels } from './labels.js'
import { descriptorOf, type ResourceType } from './registry.js'
import { displayName } from './resource.js'

/** Which names a resource may have (kuma `pkg/core/resources/apis/mesh/meta_validator.go`, `pkg/core/resources/model`). */
const IDENTIFIER_TEXT =
  'invalid characters. A lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
  "'-' or '.', and must start and end with an alphanumeric character"
const MESH_TEXT = "invalid characters. Valid characters are numbers, lowercase latin letters and '-', '_', '.' symbols."
const MESH = /^[0-9a-z-_.]*$/

/** Reasons why a text is no resource name. */
export function identifierFaults(name: string): string[] {
  return faults(name, isRfc1123Subdomain(name), IDENTIFIER_TEXT)
}

/** The name in the URL or the key; `mesh` is looked at for mesh-scoped types only. */
export function checkName(type: ResourceType, name: string, mesh: string | undefined): Violation[] {
  const named = identifierFaults(name).map((reason) => ({ field: 'name', reason }))
  if (descriptorOf(type).scope === 'global') return named
  // Looser than a Mesh's own name: meshes of old had underscores.
  const meshed = faults(mesh ?? '', MESH.test(mesh ?? ''), MESH_TEXT).map((reason) => ({ field: 'mesh', reason }))
  return [...named, ...meshed]
}

function faults(name: string, matches: boolean, text: string): string[] {
  if (name === '') return ['cannot be empty']
  if (Buffer.byteLength(name) > SUBDOMAIN_LENGTH_MAX) return ['value length must less or equal 253']
  return matches ? [] : [text]
}

/** These end up as one label of a host name. */
const LABEL_NAMED: readonly ResourceType[] = [
  'Mesh',
  'Zone',
  'MeshService',
  'MeshExternalService',
  'MeshMultiZoneService',
]

/** What a type asks of the name that users see; Kuma checks it when it stores, after everything else. */
export function checkDisplayName(
  type: ResourceType,
  resource: { readonly name: string; readonly labels: Labels },
): Violation[] {
  const name = displayName(resource)
  if (type === 'Workload') {
    const tooLong = Buffer.byteLength(name) > SUBDOMAIN_LENGTH_MAX
    return tooLong ? [{ field: 'name', reason: 'must not be longer than 253 characters' }] : []
  }
  if (name === '' || !LABEL_NAMED.includes(type)) return []
  const reasons = rfc1035LabelFaults(name)
  return reasons.length === 0 ? [] : [{ field: 'name', reason: reasons.join(', ') }]
}

/** Kubernetes' limits of label keys and values (`content.IsLabelKey`, `content.IsLabelValue`). */
const NAME_PART = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const QUALIFIED_NAME = new RegExp(`^${NAME_PART}$`)
const LABEL_VALUE = new RegExp(`^(${NAME_PART})?$`)
const PART_LENGTH_MAX = 63
const KEY_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_PART}')`
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  `end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME_PART})?')`

export function labelKeyFaults(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2) {
    return [`a valid label key ${KEY_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1) ?? ''
  return [...(parts.length === 2 ? prefixFaults(parts[0] ?? '') : []), ...namePartFaults(name)]
}

function prefixFaults(prefix: string): string[] {
  const reasons = prefix === '' ? ['must be non-empty'] : rfc1123SubdomainFaults(prefix)
  return reasons.map((reason) => `prefix part ${reason}`)
}

function namePartFaults(name: string): string[] {
  const faults: string[] = []
  if (name === '') faults.push('name part must be non-empty')
  else if (name.length > PART_LENGTH_MAX) faults.push(`name part must be no more than ${PART_LENGTH_MAX} bytes`)
  if (!QUALIFIED_NAME.test(name)) faults.push(`name part ${KEY_TEXT}`)
  return faults
}

export function labelValueFaults(value: string): string[] {
  const faults: string[] = []
  if (value.length > PART_LENGTH_MAX) faults.push(`must be no more than ${PART_LENGTH_MAX} bytes`)
  if (!LABEL_VALUE.test(value)) faults.push(VALUE_TEXT)
  return faults
}
