import type { RouteRow } from '../../../src/api/route-table.js'
import { DEFAULT_ACCESS } from '../../../src/auth/access.js'
import { ADMIN } from '../../../src/auth/api-user.js'

/** An operation of the API as walks with credentials ask for it. */
export function isForAdmins({ rules }: RouteRow): boolean {
  return rules.length > 0 && rules.every((rule) => DEFAULT_ACCESS[rule].groups.every((group) => group === ADMIN))
}

/** What has to be right before Kuma looks at access. */
export function bodyOf({ method, path }: RouteRow): object | undefined {
  if (path === '/tokens/zone') return { zone: 'z', scope: ['cp'], validFor: '1h' }
  if (path === '/tokens/user') return { name: 'ann', groups: [], validFor: '1h' }
  if (path === '/tokens/dataplane') return { mesh: 'default', validFor: '1h' }
  if (method !== 'PUT') return undefined
  const isGlobal = !path.startsWith('/meshes/{mesh}/')
  return { type: isGlobal ? 'GlobalSecret' : 'Secret', name: 'x', data: 'eA==', ...(!isGlobal && { mesh: 'default' }) }
}

/** Relative to the mount. */
export function pathOf({ path }: RouteRow): string {
  return path.replace('{mesh}', 'default').replaceAll(/\{\w+\}/g, 'x')
}
