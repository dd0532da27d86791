import { canonicalJson, type JsonObject } from '../model/json.js'
import { kriOf } from '../model/naming.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { displayName, type Resource } from '../model/resource.js'
import { type DestinationIndex, isHttp, type Port } from './destinations.js'
import { isShadow, selectSections } from './match.js'
import { mergeConfs } from './merge.js'
import { outboundsOf } from './outbounds.js'
import { policySpec, type TargetRef } from './policy-spec.js'
import { covers, type Destination, type ToEntries, type ToEntry, toEntriesOf } from './to-rules.js'

/** What became of one policy for one proxy. */
export interface PolicyEffect {
  readonly policy: Resource
  /** Where its conf holds: `inbound NAME`, KRIs of outbounds, `routes of …`. Empty: nowhere. */
  readonly holds: readonly string[]
  /** Why it holds nowhere, or not everywhere that it speaks of. */
  readonly reasons: readonly string[]
}

export interface ExplainInput {
  readonly dataplane: Resource
  /** All policies of the dataplane's mesh. */
  readonly policies: readonly Resource[]
  readonly destinations: DestinationIndex
  /** The proxy has a certificate of a MeshIdentity. */
  readonly hasIdentity: boolean
}

interface NamedOutbound extends Destination {
  readonly name: string
  readonly port: Port
}

/** The kinds that zonelab's zones turn into Envoy's configuration; the others are kept, synced and shown only. */
const EFFECTIVE: ReadonlySet<ResourceType> = new Set([
  'MeshHTTPRoute',
  'MeshTCPRoute',
  'MeshTLS',
  'MeshLoadBalancingStrategy',
  'MeshTimeout',
  'MeshHealthCheck',
  'MeshCircuitBreaker',
  'MeshRetry',
])
/** Kinds that change the mesh's TLS, and so nothing where there is none. */
const NEEDS_IDENTITY: ReadonlySet<ResourceType> = new Set(['MeshTLS', 'MeshTrafficPermission'])
/** Of MeshTLS: kept, synced and shown only. */
const IGNORED_FIELDS = ['tlsVersion', 'tlsCiphers'] as const
const NO_OUTBOUND = 'the proxy has no outbound'

/** Each policy's effect on a proxy, or why it has none; in the order of the policies given. */
export function explainPolicies(input: ExplainInput): readonly PolicyEffect[] {
  const { dataplane, policies, destinations } = input
  const outbounds = outboundsOf(dataplane, destinations, () => {}).outbounds.map((outbound) => ({
    ...outbound,
    name: kriOf(outbound.resource, outbound.section) ?? '',
  }))
  const holding = policies.filter((policy) => !isShadow(policy) && selectSections(policy, dataplane).selected)
  const entriesByType = new Map<ResourceType, ToEntries>()
  for (const { type } of holding) {
    if (!entriesByType.has(type)) entriesByType.set(type, toEntriesOf(holding.filter((other) => other.type === type)))
  }
  return policies.map((policy) => {
    const without = withoutEffect(policy, input)
    if (without !== undefined) return { policy, holds: [], reasons: [without] }
    const parts = [
      inboundEffect(policy, dataplane),
      toEffect(policy, entriesByType.get(policy.type) ?? [], outbounds, entriesByType),
    ]
    return { policy, holds: parts.flatMap(({ holds }) => holds), reasons: parts.flatMap(({ reasons }) => reasons) }
  })
}

type Part = Pick<PolicyEffect, 'holds' | 'reasons'>

function withoutEffect(policy: Resource, { dataplane, hasIdentity }: ExplainInput): string | undefined {
  if (isShadow(policy)) return 'a shadow policy takes no effect; it is compared on request'
  const selection = selectSections(policy, dataplane)
  if (!selection.selected) return selection.reason
  if (NEEDS_IDENTITY.has(policy.type) && !hasIdentity) return 'no MeshIdentity gives the proxy a certificate'
  if (!EFFECTIVE.has(policy.type)) return `zonelab does not turn ${policy.type} into Envoy configuration`
  return undefined
}

function inboundEffect(policy: Resource, dataplane: Resource): Part {
  const { rules = [] } = policySpec(policy)
  const selection = selectSections(policy, dataplane)
  if (rules.length === 0 || !selection.selected || !descriptorOf(policy.type).policy?.hasRules) return nothing
  const conditional = rules.filter(({ matches }) => matches && matches.length > 0)
  const ignored = IGNORED_FIELDS.filter(
    (field) => policy.type === 'MeshTLS' && rules.some((rule) => field in (rule.default ?? {})),
  )
  const reasons = [
    ...(conditional.length > 0 ? ['rules with matches are not turned into Envoy configuration'] : []),
    ...ignored.map((field) => `zonelab does not turn ${field} into Envoy configuration`),
  ]
  const listeners = selection.sections.filter(({ kind }) => kind === 'listener')
  if (listeners.length > 0) reasons.push(`listeners of a zone proxy take no ${policy.type}`)
  const withoutMode = policy.type === 'MeshTLS' && !rules.some((rule) => 'mode' in (rule.default ?? {}))
  if (conditional.length === rules.length || (ignored.length > 0 && withoutMode)) return { holds: [], reasons }
  const inbounds = selection.sections.filter(({ kind }) => kind === 'inbound')
  return { holds: inbounds.map(({ name }) => `inbound ${name}`), reasons }
}

function toEffect(
  policy: Resource,
  entries: ToEntries,
  outbounds: readonly NamedOutbound[],
  entriesByType: ReadonlyMap<ResourceType, ToEntries>,
): Part {
  const holds: string[] = []
  const reasons: string[] = []
  for (const entry of entries.filter((one) => one.policy === policy)) {
    if (entry.targetRef.kind === 'MeshHTTPRoute') {
      holds.push(`routes of ${targetText(entry.targetRef)}`)
      continue
    }
    const reached = outbounds.filter((outbound) => covers(entry.targetRef, outbound))
    if (reached.length === 0) reasons.push(`${NO_OUTBOUND} to ${targetText(entry.targetRef)}`)
    for (const outbound of reached) {
      const reason = whyNotHere(entry, entries, outbound, entriesByType)
      if (reason === undefined) holds.push(outbound.name)
      else reasons.push(`${outbound.name}: ${reason}`)
    }
  }
  return { holds: [...new Set(holds)], reasons }
}

function whyNotHere(
  entry: ToEntry,
  entries: ToEntries,
  outbound: NamedOutbound,
  entriesByType: ReadonlyMap<ResourceType, ToEntries>,
): string | undefined {
  const { protocol } = outbound.port
  const routed = (entriesByType.get('MeshHTTPRoute') ?? []).some(({ targetRef }) => covers(targetRef, outbound))
  switch (entry.policy.type) {
    case 'MeshHTTPRoute':
      return isHttp(protocol) ? undefined : `the port speaks ${protocol}`
    case 'MeshTCPRoute':
      return isHttp(protocol) && routed ? 'a MeshHTTPRoute leads the HTTP traffic there' : undefined
    case 'MeshRetry':
    case 'MeshHealthCheck': {
      const part = protocol === 'http2' && entry.policy.type === 'MeshHealthCheck' ? 'http' : protocol
      if (entry.conf[part] === undefined) return `it has no ${part} part, and the port speaks ${protocol}`
      return overridden(entry, entries, outbound)
    }
    default:
      return overridden(entry, entries, outbound)
  }
}

/** Stronger policies set everything that this one sets: laid over it, they leave nothing of it. */
function overridden(entry: ToEntry, entries: ToEntries, outbound: Destination): string | undefined {
  const relevant = entries.filter(({ targetRef }) => covers(targetRef, outbound))
  const stronger = relevant.slice(relevant.indexOf(entry) + 1)
  if (stronger.length === 0 || merged([entry, ...stronger]) !== merged(stronger)) return undefined
  return `overridden by ${[...new Set(stronger.map(({ policy }) => displayName(policy)))].join(', ')}`
}

function merged(entries: ToEntries): string {
  return canonicalJson(mergeConfs(entries.map(({ conf }): JsonObject => conf)))
}

function targetText({ kind, labels, sectionName }: TargetRef): string {
  const selected = Object.entries(labels ?? {}).map(([label, value]) => `${label}=${value}`)
  return [kind, ...selected, ...(sectionName ? [`port ${sectionName}`] : [])].join(' ')
}

const nothing: Part = { holds: [], reasons: [] }
