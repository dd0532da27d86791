import { wireName } from '../model/naming.js'
import { contentVersion } from '../wire/content-version.js'
import { encodeDiscoveryResource } from '../wire/delta-codec.js'
import { encodeKumaResource } from '../wire/resource-codec.js'
import { encodeSpec, encodeStatus } from '../wire/spec-codec.js'
import { KUMA_RESOURCE_URL } from '../wire/type-urls.js'
import type { Projection } from './recipe.js'
import type { Entry } from './type-view.js'

/** The one place where a resource becomes bytes for KDS: deterministic, so that equal content has an equal version. */
export function encodeEntry({ outgoing, fromZone }: Projection): Entry {
  const { type, mesh, name, labels } = outgoing
  const status = outgoing.status === undefined ? undefined : encodeStatus(outgoing.status)
  const value = encodeKumaResource({ name, mesh, labels, spec: encodeSpec(type, outgoing.spec), status })
  const version = contentVersion(value)
  const wire = wireName(mesh, name)
  return {
    name: wire,
    version,
    bytes: encodeDiscoveryResource({ name: wire, version, typeUrl: KUMA_RESOURCE_URL, value }),
    fromZone,
  }
}
