import type { Resource, ResourceKey } from '../model/resource.js'
import type { SecretMirror } from './secret-mirror.js'
import { secretData } from './token-secrets.js'

/** Which tokens were taken back by id. Throws `unavailable` when it cannot know. */
export interface Revocations {
  /** A token without an id has the empty one, which a stray comma in the list revokes (as in Kuma). */
  isRevoked(jti: string): Promise<boolean>
}

/**
 * The list kept in one secret of a tenant: ids joined by commas, compared exactly, one newline at the end tolerated
 * (kuma `pkg/core/tokens/revocations.go`). For dataplane tokens it is a Secret of the mesh, as Kuma documents.
 */
export function storeRevocations(mirror: SecretMirror, key: ResourceKey): Revocations {
  return {
    async isRevoked(jti) {
      const secret = await mirror.get(key)
      if (secret === undefined) return false
      let ids = parsedLists.get(secret)
      if (ids === undefined) {
        ids = parseRevocationList(secretData(secret).toString('utf8'))
        parsedLists.set(secret, ids)
      }
      return ids.has(jti)
    },
  }
}

/** By secret value, as keys are. */
const parsedLists = new WeakMap<Resource, ReadonlySet<string>>()

export function parseRevocationList(text: string): ReadonlySet<string> {
  if (text === '') return new Set()
  return new Set((text.endsWith('\n') ? text.slice(0, -1) : text).split(','))
}
