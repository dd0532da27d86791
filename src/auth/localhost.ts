import { BlockList, isIP } from 'node:net'
import type { ApiRequest } from './api-user.js'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Whether a request comes straight from this machine, and not through a proxy or from a page of another site in a browser
 * on it (kuma `pkg/api-server/authn/localhost.go`). All must hold: loopback peer, no header of a proxy, loopback Host,
 * a fetch that is not cross-site, and an Origin, if any, equal to the Host.
 */
export function isDirectLoopback({ remoteAddress, headers }: ApiRequest): boolean {
  if (remoteAddress === undefined || !isLoopbackHost(remoteAddress)) return false
  if (headers.forwarded || headers['x-forwarded-for'] || headers['x-real-ip']) return false
  const host = headers.host ?? ''
  const authority = parseAuthority(host, 80)
  if (authority === undefined || !isLoopbackHost(authority.host)) return false
  const site = headers['sec-fetch-site'] ?? ''
  if (site !== '' && site !== 'same-origin' && site !== 'none') return false
  return headers.origin === undefined || headers.origin === '' || isSameOrigin(headers.origin, host)
}

function isSameOrigin(origin: string, host: string): boolean {
  const match = /^(https?):\/\/(.+)$/i.exec(origin)
  const [, scheme, rest] = match ?? []
  if (scheme === undefined || rest === undefined) return false
  const portDefault = scheme.toLowerCase() === 'https' ? 443 : 80
  const from = parseAuthority(rest, portDefault)
  const to = parseAuthority(host, portDefault)
  return from !== undefined && to !== undefined && from.host === to.host && from.port === to.port
}

/** `host`, `host:port`, `[v6]` or `[v6]:port`; nothing else. */
function parseAuthority(text: string, portDefault: number): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:@/?#[\]]+))(?::(\d{1,5}))?$/.exec(text)
  if (match === null) return undefined
  const host = canonicalHost(match[1] ?? match[2] ?? '')
  const port = match[3] === undefined ? portDefault : Number(match[3])
  return host === '' || port < 1 || port > 65_535 ? undefined : { host, port }
}

function canonicalHost(host: string): string {
  const bare = host.toLowerCase().replace(/\.$/, '')
  return isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare
}

export function isLoopbackHost(host: string): boolean {
  const bare = host.toLowerCase().replace(/\.$/, '')
  if (bare === 'localhost') return true
  const family = isIP(bare)
  return family !== 0 && loopback.check(bare, family === 6 ? 'ipv6' : 'ipv4')
}
