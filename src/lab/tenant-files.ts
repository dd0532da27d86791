import { rmSync } from 'node:fs'
import { type Component, componentsOf } from './components.js'
import { tokenBindings } from './fleet.js'
import type { LabSpec } from './lab-spec.js'
import { adminTokenFile, dataplaneTokenFile, zoneTokenFile } from './lab-view.js'
import { type LabPaths, logFileOf } from './paths.js'
import { fleetFile, zoneDatabase } from './settings.js'

/**
 * Removes what the lab has written down for a control plane that is no more and nothing of which runs: the tokens of its zones
 * and sidecars, and what they have kept.
 */
export function removeTenantFiles(paths: LabPaths, spec: LabSpec, tenant: string): void {
  removeTenantState(paths, spec, tenant)
  for (const component of belongings(spec, tenant)) {
    if (component.kind === 'dataplane') remove(fleetFile(paths, component.key))
    remove(logFileOf(paths, component.key))
  }
}

/** The same, but for what a process that is about to start has open: so much would be taken for another control plane's of that name. */
export function removeTenantState(paths: LabPaths, spec: LabSpec, tenant: string): void {
  removeDataplaneTokens(paths, spec, tenant)
  for (const component of belongings(spec, tenant)) {
    if (component.kind !== 'zone') continue
    remove(zoneTokenFile(paths, component.key))
    remove(adminTokenFile(paths, component.key))
    for (const suffix of ['', '-wal', '-shm', '.pid']) remove(`${zoneDatabase(paths, component.key)}${suffix}`)
  }
}

/** A global without a database has new keys whenever it starts: what it signed before for these control planes is void. */
export function removeSigned(paths: LabPaths, spec: LabSpec, tenants: readonly string[]): void {
  const areZonesSigned = spec.auth === 'zone-token' && spec.global.kind !== 'foreign'
  for (const tenant of tenants) {
    removeDataplaneTokens(paths, spec, tenant)
    if (!areZonesSigned) continue
    for (const { kind, key } of belongings(spec, tenant)) if (kind === 'zone') remove(zoneTokenFile(paths, key))
  }
}

function removeDataplaneTokens(paths: LabPaths, spec: LabSpec, tenant: string): void {
  for (const binding of tokenBindings(spec.topology)) remove(dataplaneTokenFile(paths, tenant, binding))
}

function belongings(spec: LabSpec, tenant: string): readonly Component[] {
  return componentsOf(spec).filter((component) => isOfTenant(component, tenant))
}

/** A zone, or the sidecars of one. */
export function isOfTenant(component: Component, tenant: string): boolean {
  return 'tenant' in component && component.tenant === tenant
}

function remove(file: string): void {
  rmSync(file, { force: true })
}
