import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { anyJson, stringMap } from './fields.js'
import { topTargetRef } from './policy-parts.js'
import { checkTop } from './reference-rules.js'
import { at, each, exactlyOneOf, onlyOneOf, REASON, violation } from './rules.js'

const jsonPatch = z.object({
  op: z.enum(['add', 'remove', 'replace', 'move', 'copy']),
  path: z.string(),
  from: z.string().optional(),
  value: anyJson.optional(),
})

const changes = { value: z.string().optional(), jsonPatches: z.array(jsonPatch).optional() }
const named = { name: z.string().optional(), origin: z.string().optional() }

const cluster = z.object({
  operation: z.enum(['Add', 'Remove', 'Patch']),
  match: z.object(named).optional(),
  ...changes,
})

const listener = z.object({
  operation: z.enum(['Add', 'Remove', 'Patch']),
  match: z.object({ ...named, tags: stringMap.optional() }).optional(),
  ...changes,
})

const virtualHost = z.object({
  operation: z.enum(['Add', 'Remove', 'Patch']),
  match: z.object({ ...named, routeConfigurationName: z.string().optional() }),
  ...changes,
})

const filter = z.object({
  operation: z.enum(['Remove', 'Patch', 'AddFirst', 'AddBefore', 'AddAfter', 'AddLast']),
  match: z.object({ ...named, listenerName: z.string().optional(), listenerTags: stringMap.optional() }).optional(),
  ...changes,
})

const modification = z.object({
  cluster: cluster.optional(),
  listener: listener.optional(),
  virtualHost: virtualHost.optional(),
  networkFilter: filter.optional(),
  httpFilter: filter.optional(),
})
export type ProxyModification = z.infer<typeof modification>
type Changes = Pick<NonNullable<ProxyModification['cluster']>, 'value' | 'jsonPatches'>
type FilterModification = NonNullable<ProxyModification['httpFilter']>

export const meshProxyPatchSchema = z.object({
  targetRef: topTargetRef.optional(),
  default: z.object({ appendModifications: z.array(modification).optional() }),
})
export type MeshProxyPatchSpec = z.infer<typeof meshProxyPatchSchema>

export function checkMeshProxyPatch({ targetRef, default: { appendModifications } }: MeshProxyPatchSpec): Violation[] {
  return at('spec', [
    ...checkTop(targetRef),
    ...(appendModifications?.length ? [] : violation('default.appendModifications', REASON.notEmpty)),
    ...each('default.appendModifications', appendModifications, checkModification),
  ])
}

function checkModification(item: ProxyModification): Violation[] {
  const { cluster, listener, virtualHost, networkFilter, httpFilter } = item
  const given = Object.values(item).filter((value) => value !== undefined).length
  if (given !== 1) {
    const words = `exactly one modification can be defined at a time. Currently, ${given} modifications are defined`
    return violation('', words)
  }
  if (cluster) return at('cluster', checkResource('cluster', cluster, 'match', cluster.match !== undefined))
  if (listener) return at('listener', checkResource('listener', listener, 'match', listener.match !== undefined))
  if (virtualHost) {
    return at(
      'virtualHost',
      checkResource('virtualHost', virtualHost, 'match.name', virtualHost.match.name !== undefined),
    )
  }
  if (networkFilter) return at('networkFilter', checkFilter('networkFilter', networkFilter))
  return httpFilter ? at('httpFilter', checkFilter('httpFilter', httpFilter)) : []
}

type ResourceModification = Changes & { readonly operation: 'Add' | 'Remove' | 'Patch' }

function checkResource(name: string, mod: ResourceModification, matchField: string, matched: boolean): Violation[] {
  switch (mod.operation) {
    case 'Add':
      return [...(matched ? violation(matchField, REASON.notDefined) : []), ...checkAdded(mod.value)]
    case 'Patch':
      return checkPatched(name, mod)
    case 'Remove':
      return checkRemoved(mod.value)
  }
}

function checkFilter(name: string, mod: FilterModification): Violation[] {
  const unnamed = mod.match?.name === undefined
  switch (mod.operation) {
    case 'AddFirst':
    case 'AddLast':
      return checkAdded(mod.value)
    case 'AddBefore':
    case 'AddAfter': {
      const side = mod.operation === 'AddBefore' ? 'before' : 'after'
      const words = `${REASON.defined}. You need to pick a filter ${side} which this one will be added`
      return [...(unnamed ? violation('match.name', words) : []), ...checkAdded(mod.value)]
    }
    case 'Patch':
      return [...(unnamed ? violation('match.name', REASON.defined) : []), ...checkPatched(name, mod)]
    case 'Remove':
      return checkRemoved(mod.value)
  }
}

function checkAdded(value: string | undefined): Violation[] {
  return value === undefined ? violation('value', REASON.defined) : checkEnvoyYaml(value)
}

function checkRemoved(value: string | undefined): Violation[] {
  return value === undefined ? [] : violation('value', REASON.notDefined)
}

function checkPatched(name: string, { value, jsonPatches = [] }: Changes): Violation[] {
  if (value !== undefined) {
    return jsonPatches.length > 0 ? violation('', onlyOneOf(name, 'value', 'jsonPatches')) : checkEnvoyYaml(value)
  }
  return jsonPatches.length > 0
    ? each('jsonPatches', jsonPatches, checkJsonPatch)
    : violation('', exactlyOneOf(name, 'value', 'jsonPatches'))
}

function checkJsonPatch({ op, from, value, path }: z.infer<typeof jsonPatch>): Violation[] {
  const root = path === '' || path === '/'
  return [
    ...at('from', checkOperand('from', op, ['move', 'copy'], from !== undefined)),
    ...at('value', checkOperand('value', op, ['add', 'replace'], value !== undefined)),
    ...(op === 'remove' && root ? violation('path', 'root path cannot be removed') : []),
  ]
}

function checkOperand(name: string, op: string, takers: readonly string[], given: boolean): Violation[] {
  if (takers.includes(op) === given) return []
  const words = given ? 'is allowed only' : REASON.notEmpty
  return violation('', `"${name}" ${words} when "op" is one of [${takers.map((taker) => `"${taker}"`).join(', ')}]`)
}

/** Only the YAML: whether it is the Envoy message it should be, the proxy says (docs/DIFFERENCES.md). */
function checkEnvoyYaml(text: string): Violation[] {
  try {
    const value: unknown = parseYaml(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return []
  } catch {
    // Said below, together with YAML that is not a mapping.
  }
  return violation('value', 'native Envoy resource is not valid: it is not a YAML mapping')
}
