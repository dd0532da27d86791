import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { isCidr, isDnsName, isIpAddress } from '../dns-names.js'
import { uint32 } from './fields.js'
import { topTargetRef } from './policy-parts.js'
import { checkTop } from './reference-rules.js'
import { at, each, REASON, violation } from './rules.js'

const passthroughMatch = z.object({
  type: z.enum(['Domain', 'IP', 'CIDR']),
  value: z.string(),
  port: uint32.optional(),
  protocol: z.enum(['tcp', 'tls', 'grpc', 'http', 'http2', 'mysql']).default('tcp'),
})
export type PassthroughMatch = z.infer<typeof passthroughMatch>

export const meshPassthroughSchema = z.object({
  targetRef: topTargetRef.optional(),
  default: z
    .object({
      passthroughMode: z.enum(['All', 'Matched', 'None']).optional(),
      appendMatch: z.array(passthroughMatch).optional(),
    })
    .prefault({}),
})
export type MeshPassthroughSpec = z.infer<typeof meshPassthroughSchema>

/** These share a listener's filter chain, so one port cannot carry two of them. */
const EXCLUSIVE: readonly PassthroughMatch['protocol'][] = ['grpc', 'http', 'http2']

export function checkMeshPassthrough({ targetRef, default: { appendMatch } }: MeshPassthroughSpec): Violation[] {
  const protocolOfPort = new Map<number, string>()
  const seen = new Set<string>()
  return at('spec', [
    ...checkTop(targetRef),
    ...each('default.appendMatch', appendMatch, (match) => [
      ...checkPort(match),
      ...checkShared(match, protocolOfPort, seen),
      ...checkValue(match),
    ]),
  ])
}

function checkPort({ protocol, port }: PassthroughMatch): Violation[] {
  if (port === undefined) {
    return protocol === 'mysql' ? violation('port', 'port must be defined for Mysql protocol') : []
  }
  return port === 0 || port > 65535 ? violation('port', REASON.validPort) : []
}

function checkShared(
  { port, protocol, value }: PassthroughMatch,
  protocolOfPort: Map<number, string>,
  seen: Set<string>,
): Violation[] {
  if (port === undefined) return []
  const other = protocolOfPort.get(port)
  const clash = other !== undefined && other !== protocol && EXCLUSIVE.includes(protocol)
  if (!clash) protocolOfPort.set(port, protocol)
  const key = `${port}/${protocol}/${value}`
  const repeated = seen.has(key)
  seen.add(key)
  const words = `using the same port in multiple matches requires the same protocol for the following protocols: [${EXCLUSIVE.join(' ')}]`
  return [
    ...(clash ? violation('port', words) : []),
    // Kuma's spelling.
    ...(repeated ? violation('value', `value ${value} is already defiend for this port and protocol`) : []),
  ]
}

function checkValue(match: PassthroughMatch): Violation[] {
  switch (match.type) {
    case 'CIDR':
      return isCidr(match.value) ? [] : violation('value', 'provided CIDR has incorrect value')
    case 'IP':
      return isIpAddress(match.value) ? [] : violation('value', 'provided IP has incorrect value')
    case 'Domain':
      return checkDomain(match)
  }
}

function checkDomain({ value, protocol, port }: PassthroughMatch): Violation[] {
  const name = value.startsWith('*.') ? value.slice(2) : value
  return [
    ...(protocol === 'tcp' || protocol === 'mysql'
      ? violation('protocol', `protocol ${protocol} is not supported for a domain`)
      : []),
    ...(/^\*[^.]+/.test(value)
      ? violation('value', 'provided DNS has incorrect value, partial wildcard is currently not supported')
      : []),
    ...(port === undefined && value.startsWith('*') && EXCLUSIVE.includes(protocol)
      ? violation('port', "wildcard domains doesn't work for all ports and layer 7 protocol")
      : []),
    ...(name.startsWith('*') || isDnsName(name) ? [] : violation('value', 'provided DNS has incorrect value')),
  ]
}
