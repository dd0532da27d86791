import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { ApiClient, type ApiTarget } from './api-client.js'
import { DiagnosticsClient } from './diagnostics-client.js'
import { globalWitness } from './global-witness.js'
import { type ComponentView, type LabView, tenantTokenFile } from './lab-view.js'
import { readIfThere } from './private-files.js'
import type { SyncWitnesses } from './sync-wait.js'

/** API of a control plane that the lab runs. `tenant` selects a control plane of the global; a zone has one only. */
export function apiClient(
  view: LabView,
  component: ComponentView,
  clock: Clock,
  tenant: string | undefined,
  fetch?: ApiTarget['fetch'],
): ApiClient {
  const { name, endpoints, adminTokenFile } = component
  const url = endpoints.api
  if (url === undefined) throw new AppError('invalid-argument', `${name} has no API`)
  const selected = view.spec.topology.tenants.length > 1 ? tenant : undefined
  const file = adminTokenFile === undefined ? undefined : tenantTokenFile(adminTokenFile, selected)
  const token = () => (file === undefined ? undefined : readIfThere(file)?.trim())
  return new ApiClient({ name, url, token, tenant: selected, ...(fetch && { fetch }) }, clock)
}

/** Undefined for a component that the lab does not run. */
export function diagnosticsClient(
  view: LabView,
  { name, tenant, zone, state, endpoints }: ComponentView,
  clock: Clock,
): DiagnosticsClient | undefined {
  const url = endpoints.diagnostics
  if (url === undefined || state === 'external') return undefined
  const token = readIfThere(view.diagnosticsTokenFile)?.trim() ?? ''
  return new DiagnosticsClient({ name, tenant, zone: zone ?? '', url, token }, clock)
}

/** Who can say whether the lab, or one tenant's part of it, is in sync, and who should run and does not. */
export function witnessesOf(view: LabView, clock: Clock, tenant?: string): SyncWitnesses {
  const asked = view.components.filter(
    (component) => tenant === undefined || component.tenant === undefined || component.tenant === tenant,
  )
  const down = asked.filter(({ state }) => state !== 'ready' && state !== 'paused' && state !== 'external')
  const clients = (kind: ComponentView['kind']) =>
    asked
      .filter((component) => component.kind === kind && !down.includes(component))
      .flatMap((component) => diagnosticsClient(view, component, clock) ?? [])
  return {
    global: globalWitness(
      clients('global').map((global) => ({
        name: global.name,
        tenant: undefined,
        answers: (timeoutMs) => global.answers(timeoutMs),
        untilSynced: (timeoutMs) => global.untilSynced(timeoutMs, tenant),
        zonesSeen: (timeoutMs) => global.zonesSeen(timeoutMs),
      })),
      clock,
    ),
    zones: clients('zone'),
    fleets: clients('dataplane'),
    absent: down.map(({ name: component, tenant: of, state, detail }) => ({
      component,
      tenant: of,
      type: undefined,
      why: detail ?? `is ${state}`,
    })),
  }
}
