import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../base/errors.js'
import type { Laggard } from '../insights/sync-report.js'
import type { ApiClient } from '../lab/api-client.js'
import { itemPath } from '../lab/resource-paths.js'
import type { JsonObject } from '../model/json.js'
import { LABEL, type Labels } from '../model/labels.js'
import { hashedName } from '../model/naming.js'
import { DOWN_TYPES, descriptorOf, type ResourceType } from '../model/registry.js'

/** A resource as an API shows it. */
export interface ShownResource extends JsonObject {
  readonly name: string
}

export interface ZoneApi {
  readonly name: string
  readonly tenant: string | undefined
  readonly api: ApiClient
}

/** Whether zones have a copy of it that can be told by its name and compared. A signing key's is another's public half. */
export function hasComparableCopies(type: ResourceType): boolean {
  return DOWN_TYPES.includes(type) && type !== 'GlobalSecret'
}

/** Which zones do not have a resource of the global as that has it, and why. The zone that it came from has the original. */
export async function zonesWithoutCopy(
  type: ResourceType,
  mesh: string | undefined,
  held: ShownResource,
  zones: readonly ZoneApi[],
): Promise<readonly Laggard[]> {
  const labels = (held.labels ?? {}) as Labels
  const name = descriptorOf(type).keepsName ? held.name : hashedName({ mesh, name: held.name, labels })
  const laggards = await Promise.all(
    zones.map(async ({ name: zone, tenant, api }): Promise<readonly Laggard[]> => {
      if (labels[LABEL.zone] === zone) return []
      const lags = (why: string) => [{ component: zone, tenant, type, why }]
      try {
        const copy = await api.get<ShownResource>(itemPath(type, mesh, name))
        return isDeepStrictEqual(contentOf(copy), contentOf(held)) ? [] : lags('has an older one')
      } catch (thrown) {
        const { code, message } = AppError.from(thrown)
        return lags(code === 'not-found' ? 'does not have it' : message)
      }
    }),
  )
  return laggards.flat()
}

/** What an author writes. Names, labels, status and times are of the control plane that shows it. */
function contentOf(shown: ShownResource): JsonObject {
  const {
    name: _name,
    labels: _labels,
    status: _status,
    kri: _kri,
    creationTime: _created,
    modificationTime: _modified,
    ...content
  } = shown
  return content
}
