import { AppError } from '../base/errors.js'
import { ApiClient } from '../lab/api-client.js'
import { findComponent } from '../lab/components.js'
import { ControlClient } from '../lab/control-client.js'
import { DiagnosticsClient } from '../lab/diagnostics-client.js'
import { readLabState } from '../lab/lab-state.js'
import type { ComponentView, LabView } from '../lab/lab-view.js'
import { type LabPaths, labPaths } from '../lab/paths.js'
import { readIfThere } from '../lab/private-files.js'
import type { SyncWitnesses } from '../lab/sync-wait.js'
import type { Context, Input } from './command.js'

/** A running lab as commands reach it: its supervisor, its APIs, its processes' diagnostics. */
export interface LabAccess {
  readonly paths: LabPaths
  readonly control: ControlClient
  readonly view: LabView
}

export function pathsOf(context: Context, input: Input): LabPaths {
  return labPaths(input.text('lab') ?? 'default', context.env)
}

/** Throws `unavailable` that says what the lab is instead of running. */
export async function openLab(context: Context, input: Input): Promise<LabAccess> {
  const paths = pathsOf(context, input)
  const control = new ControlClient(paths.socket)
  try {
    return { paths, control, view: await control.view() }
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code !== 'unavailable') throw error
    throw new AppError('unavailable', whyNotRunning(paths), { cause: thrown })
  }
}

function whyNotRunning(paths: LabPaths): string {
  const flag = paths.name === 'default' ? '' : ` --lab ${paths.name}`
  const state = readLabState(paths)
  if (!state) return `there is no lab "${paths.name}"; make one with: zonelab up${flag}`
  const how = state.supervisor ? 'its supervisor is gone' : 'it is stopped'
  return `lab "${paths.name}" does not run (${how}); start it again with: zonelab up${flag}`
}

/** The global's API, or with `--zone` that zone's. */
export function apiOf(lab: LabAccess, context: Context, input: Input): ApiClient {
  const tenant = tenantOf(lab, input)
  const zone = input.text('zone')
  if (zone === undefined) return apiClient(lab, componentNamed(lab, 'global', undefined), context, tenant)
  return apiClient(lab, componentNamed(lab, zone, tenant), context, undefined)
}

/** Of a control plane that the lab runs. `tenant` selects a control plane of the global; a zone has one only. */
export function apiClient(
  lab: LabAccess,
  { name, endpoints, adminTokenFile }: ComponentView,
  { clock }: Pick<Context, 'clock'>,
  tenant: string | undefined,
): ApiClient {
  const url = endpoints.api
  if (url === undefined) throw new AppError('invalid-argument', `${name} has no API`)
  const token = () => (adminTokenFile === undefined ? undefined : readIfThere(adminTokenFile)?.trim())
  return new ApiClient(
    { name, url, token, tenant: lab.view.spec.topology.tenants.length > 1 ? tenant : undefined },
    clock,
  )
}

/** The only control plane, or the one that `--tenant` names. Throws `invalid-argument` when it has to be named. */
export function tenantOf(lab: LabAccess, input: Input): string {
  const { tenants } = lab.view.spec.topology
  const asked = input.text('tenant')
  const [only, second] = tenants
  if (asked === undefined && only !== undefined && second === undefined) return only
  if (asked !== undefined && tenants.includes(asked)) return asked
  const list = tenants.join(', ')
  throw new AppError(
    'invalid-argument',
    asked === undefined ? `say which control plane with --tenant: ${list}` : `--tenant ${asked}: the lab has ${list}`,
  )
}

export function componentNamed(lab: LabAccess, name: string, tenant: string | undefined): ComponentView {
  return findComponent(lab.view.components, name, tenant)
}

export function diagnosticsOf(
  lab: LabAccess,
  component: ComponentView,
  context: Context,
): DiagnosticsClient | undefined {
  const url = component.endpoints.diagnostics
  if (url === undefined || component.state === 'external') return undefined
  const token = readIfThere(lab.view.diagnosticsTokenFile)?.trim() ?? ''
  return new DiagnosticsClient({ name: component.name, zone: component.zone ?? '', url, token }, context.clock)
}

/** Who can say whether the lab is in sync, and who should run and does not. */
export function witnessesOf(lab: LabAccess, context: Context): SyncWitnesses {
  const { components } = lab.view
  const down = components.filter(({ state }) => state !== 'ready' && state !== 'paused' && state !== 'external')
  const witnesses = (kind: ComponentView['kind']) =>
    components
      .filter((component) => component.kind === kind && !down.includes(component))
      .flatMap((component) => diagnosticsOf(lab, component, context) ?? [])
  return {
    global: witnesses('global')[0],
    zones: witnesses('zone'),
    fleets: witnesses('dataplane'),
    absent: down.map(({ name, state, detail }) => ({ component: name, type: undefined, why: detail ?? `is ${state}` })),
  }
}
