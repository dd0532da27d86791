import type { Clock } from '../base/clock.js'
import type { Metrics } from '../base/metrics.js'
import type { Random } from '../base/random.js'
import type { TenantStore } from '../store/store.js'
import type { LabelOptions } from '../sync/outbound-map.js'
import { upRecipe } from '../sync/recipes.js'
import { View } from '../sync/view.js'
import { ZONE_PROXY_NAME } from './generators/zone-proxy.js'
import type { MeshMirror } from './mesh-mirror.js'

export interface UpwardViewOptions {
  readonly store: TenantStore
  readonly mirror: MeshMirror
  readonly zone: string
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  readonly labels: LabelOptions
  readonly messageBytesMax: number
  /** The store forgets with the process: what it holds right after a start is not what the zone has. */
  readonly forgetful: boolean
}

/**
 * What a zone sends up. The global deletes what a first response lacks, so a zone that has just forgotten everything
 * says nothing until its first sidecar is back (kds.md trap 13); its own proxy, which it makes itself, is no sign of that.
 */
export async function startUpwardView(options: UpwardViewOptions): Promise<View> {
  const { store, mirror, zone, clock, random, metrics, labels, messageBytesMax, forgetful } = options
  const recipe = upRecipe(zone, labels)
  const id = random.uuid().slice(0, 8)
  const view = new View({ store, recipe, id, messageBytesMax, metrics, closed: forgetful, clock, random })
  await view.start()
  if (!forgetful) return view
  if (mirror.meshNames.some((mesh) => [...mirror.of(mesh, 'Dataplane').keys()].some(isSidecar))) view.open()
  const stop = mirror.onChange((changes) => {
    if (!changes.some(({ change: { key, after } }) => key.type === 'Dataplane' && after && isSidecar(key.name))) return
    stop()
    view.open()
  })
  return view
}

function isSidecar(name: string): boolean {
  return name !== ZONE_PROXY_NAME
}
