import { isLoopbackHost } from '../auth/localhost.js'
import { AppError } from '../base/errors.js'

/**
 * Throws `guard-rail` unless each of these is this machine's or has been named by `--allow-target HOST:PORT`, and
 * `invalid-argument` for what is no address.
 */
export function requireAllowedTarget(urls: readonly (string | undefined)[], allowed: readonly string[]): void {
  for (const url of urls) {
    if (url === undefined) continue
    const { hostname, port, protocol } = parsed(url)
    const place = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
    if (isLoopbackHost(hostname.replace(/^\[(.*)\]$/, '$1')) || allowed.includes(place)) continue
    throw new AppError(
      'guard-rail',
      `${place} is not on this machine, and what is sent is hostile or heavy; if it is yours: --allow-target ${place}`,
    )
  }
}

function parsed(url: string): URL {
  try {
    return new URL(url.replace(/^grpc(s?):/, 'http$1:'))
  } catch (cause) {
    throw new AppError('invalid-argument', `"${url}" is no address; use scheme://host:port`, { cause })
  }
}
