import { rmSync } from 'node:fs'
import { componentsOf } from './components.js'
import { tokenBindings } from './fleet.js'
import type { LabSpec } from './lab-spec.js'
import { adminTokenFile, type ComponentView, dataplaneTokenFile, zoneTokenFile } from './lab-view.js'
import type { LabPaths } from './paths.js'
import { zoneDatabase } from './settings.js'

/** States in which a zone has its database open, or is about to. */
const HOLDING: ReadonlySet<ComponentView['state']> = new Set(['starting', 'ready', 'paused', 'stopping'])

/**
 * Removes what the lab has written down for a control plane that is no more: the tokens of its zones and sidecars, and the
 * databases and admin tokens of its zones that do not run. Returns the zones that do.
 */
export function removeTenantFiles(
  paths: LabPaths,
  { spec, components }: { readonly spec: LabSpec; readonly components: readonly ComponentView[] },
  tenant: string,
): string[] {
  const holding: string[] = []
  for (const binding of tokenBindings(spec.topology)) remove(dataplaneTokenFile(paths, tenant, binding))
  for (const zone of componentsOf(spec)) {
    if (zone.kind !== 'zone' || zone.tenant !== tenant) continue
    remove(zoneTokenFile(paths, zone.key))
    if (zone.zone.external) continue
    const state = components.find((component) => component.name === zone.name && component.tenant === tenant)?.state
    if (state !== undefined && HOLDING.has(state)) holding.push(zone.name)
    else {
      remove(adminTokenFile(paths, zone.key))
      for (const suffix of ['', '-wal', '-shm', '.pid']) remove(`${zoneDatabase(paths, zone.key)}${suffix}`)
    }
  }
  return holding
}

function remove(file: string): void {
  rmSync(file, { force: true })
}
