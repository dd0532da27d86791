import type { Violation } from '../../base/errors.js'
import { rfc1123SubdomainFaults } from '../dns-names.js'
import type {
  BackendRef,
  DataSource,
  Match,
  TargetRefKind,
  TelemetryBackendRef,
  TlsVersion,
  TopTargetRef,
  ToTargetRef,
} from './policy-parts.js'
import { at, exactlyOneOf, REASON, violation } from './rules.js'

/** Rules of references, matches and data sources (kuma `pkg/core/resources/apis/mesh/validators.go`). */
export const SERVICES: readonly TargetRefKind[] = ['MeshService', 'MeshExternalService', 'MeshMultiZoneService']
export const MESH_AND_SERVICES: readonly TargetRefKind[] = ['Mesh', ...SERVICES]
export const MESH_AND_SERVICES_AND_ROUTES: readonly TargetRefKind[] = [...MESH_AND_SERVICES, 'MeshHTTPRoute']

/** The top-level target; `inbound` says that the policy as written holds for inbounds, so a section may be named. */
export function checkTop(ref: TopTargetRef | undefined, inbound = false): Violation[] {
  return ref === undefined ? [] : at('targetRef', checkRef(ref, ['Mesh', 'Dataplane'], inbound))
}

export function checkToRef(ref: ToTargetRef, kinds: readonly TargetRefKind[]): Violation[] {
  return at('targetRef', checkRef(ref, kinds))
}

export function checkBackendRef(ref: BackendRef): Violation[] {
  return [
    ...checkRef(ref, SERVICES),
    ...(ref.kind === 'MeshMultiZoneService' && ref.port === undefined
      ? violation('port', `${REASON.defined} with kind MeshMultiZoneService`)
      : []),
  ]
}

type Ref = Pick<BackendRef, 'kind' | 'labels' | 'sectionName'>

function checkRef(ref: Ref, kinds: readonly TargetRefKind[], inbound = false): Violation[] {
  const { kind } = ref
  if (!kinds.includes(kind)) return violation('kind', `value '${kind}' is not supported`)
  const hasLabels = Object.keys(ref.labels ?? {}).length > 0
  const hasSection = (ref.sectionName ?? '') !== ''
  const refusedSection = hasSection ? violation('sectionName', `${REASON.notSet} with kind ${kind}`) : []
  const missingLabels = hasLabels ? [] : violation('labels', `${REASON.set} when kind is ${kind}`)
  switch (kind) {
    case 'Mesh':
      return [...(hasLabels ? violation('labels', `${REASON.notSet} with kind ${kind}`) : []), ...refusedSection]
    case 'Dataplane':
      return !inbound && hasSection ? violation('sectionName', 'can only be used with inbound policies') : []
    case 'MeshService':
    case 'MeshMultiZoneService':
      return missingLabels
    case 'MeshHTTPRoute':
    case 'MeshExternalService':
      return [...refusedSection, ...missingLabels]
  }
}

export function checkTelemetryBackendRef(ref: TelemetryBackendRef): Violation[] {
  return Object.keys(ref.labels ?? {}).length === 0 ? violation('', exactlyOneOf('backendRef', 'labels')) : []
}

export function checkMatch({ spiffeID, sni }: Match): Violation[] {
  const fault = spiffeID === undefined ? undefined : spiffeIdFault(spiffeID.value)
  return [
    ...(fault === undefined ? [] : violation('spiffeID', `must be a valid Spiffe ID: ${fault}`)),
    ...(sni === undefined ? [] : checkSni(sni.value)),
  ]
}

function checkSni(value: string): Violation[] {
  if (value === '') return violation('sni.value', REASON.set)
  return rfc1123SubdomainFaults(value).flatMap((reason) => violation('sni.value', reason))
}

/** What go-spiffe's parser says is wrong with a SPIFFE ID, first fault only. */
function spiffeIdFault(id: string): string | undefined {
  if (id === '') return 'cannot be empty'
  if (!id.startsWith('spiffe://')) return 'scheme is missing or invalid'
  const slash = id.indexOf('/', 'spiffe://'.length)
  const trustDomain = slash < 0 ? id.slice('spiffe://'.length) : id.slice('spiffe://'.length, slash)
  if (trustDomain === '') return 'trust domain is missing'
  if (!/^[a-z0-9._-]+$/.test(trustDomain)) {
    return 'trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores'
  }
  return slash < 0 ? undefined : spiffePathFault(id.slice(slash))
}

function spiffePathFault(path: string): string | undefined {
  for (const segment of path.slice(1).split('/')) {
    if (segment === '')
      return path.endsWith('/') ? 'path cannot have a trailing slash' : 'path cannot contain empty segments'
    if (segment === '.' || segment === '..') return 'path cannot contain dot segments'
    if (!/^[a-zA-Z0-9._-]+$/.test(segment)) {
      return 'path segment characters are limited to letters, numbers, dots, dashes, and underscores'
    }
  }
  return undefined
}

/** A data source has the block of its type, filled in. */
export function checkDataSource(source: DataSource): Violation[] {
  switch (source.type) {
    case 'EnvVar':
      return present('envVar', source.envVar, 'name', source.envVar?.name)
    case 'InsecureInline':
      return present('insecureInline', source.insecureInline, 'value', source.insecureInline?.value)
    case 'Secret':
      return present('secretRef', source.secretRef, 'name', source.secretRef?.name)
    case 'File': {
      const missing = present('file', source.file, 'path', source.file?.path)
      const fault = source.file === undefined ? undefined : filePathFault(source.file.path)
      return missing.length > 0 || fault === undefined ? missing : violation('file.path', fault)
    }
  }
}

function present(block: string, value: object | undefined, field: string, text: string | undefined): Violation[] {
  if (value === undefined) return violation(block, REASON.defined)
  return text === '' ? violation(`${block}.${field}`, REASON.defined) : []
}

function filePathFault(path: string): string | undefined {
  if (path.includes('..')) return `file path contains directory traversal sequence: ${path}`
  return path.startsWith('/') ? undefined : `file path must be absolute: ${path}`
}

const TLS_ORDER: readonly TlsVersion['min'][] = ['TLS10', 'TLS11', 'TLS12', 'TLS13']

export function checkTlsVersion({ min, max }: TlsVersion): Violation[] {
  if (min === 'TLSAuto' || max === 'TLSAuto' || TLS_ORDER.indexOf(min) <= TLS_ORDER.indexOf(max)) return []
  return violation('min', 'min version must be lower than max')
}
