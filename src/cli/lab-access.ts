import { AppError } from '../base/errors.js'
import type { ApiClient } from '../lab/api-client.js'
import { findComponent, sidecarNamed } from '../lab/components.js'
import { ControlClient } from '../lab/control-client.js'
import { placedControlPlanes } from '../lab/control-planes.js'
import type { DiagnosticsClient } from '../lab/diagnostics-client.js'
import { apiClient, diagnosticsClient, globalOf, operatorClient } from '../lab/lab-clients.js'
import { readLabState } from '../lab/lab-state.js'
import type { ComponentView, LabView } from '../lab/lab-view.js'
import { type LabPaths, labPaths } from '../lab/paths.js'
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

/** Throws `unavailable` that says what the lab is instead of running, or that its platform cannot be asked now. */
export async function openLab(context: Context, input: Input): Promise<LabAccess> {
  const paths = pathsOf(context, input)
  const control = new ControlClient(paths.socket)
  const view = await control.view().catch((thrown: unknown) => {
    const error = AppError.from(thrown)
    if (error.code !== 'unavailable') throw error
    throw new AppError('unavailable', whyNotRunning(paths), { cause: thrown })
  })
  return { paths, control, view: await withControlPlane(view, context, input.text('tenant')) }
}

/** A control plane that was made since the lab was started, by its name or its id, is as good as those that came with it. */
async function withControlPlane(view: LabView, context: Context, tenant: string | undefined): Promise<LabView> {
  const hasPlatform = view.components.some(({ kind }) => kind === 'platform')
  if (tenant === undefined || !hasPlatform || Object.hasOwn(view.controlPlanes, tenant)) return view
  return { ...view, controlPlanes: await placedControlPlanes(operatorClient(view, context.clock)) }
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
  if (zone === undefined) return apiClient(lab.view, globalOf(lab.view, tenant), context.clock, tenant)
  return apiClient(lab.view, componentNamed(lab, zone, tenant), context.clock, undefined)
}

/** The only control plane, or the one that `--tenant` names. Throws `invalid-argument` when it has to be named. */
export function tenantOf(lab: LabAccess, input: Input): string {
  const { tenants } = lab.view.spec.topology
  const [only, second] = tenants
  const tenant = tenantAsked(lab, input) ?? (second === undefined ? only : undefined)
  if (tenant !== undefined) return tenant
  throw new AppError('invalid-argument', `say which control plane with --tenant: ${tenants.join(', ')}`)
}

/** Name of the one that `--tenant` names, by name or id; without it all are meant. Throws `invalid-argument` for one that is not there. */
export function tenantAsked(lab: LabAccess, input: Input): string | undefined {
  const { tenants } = lab.view.spec.topology
  const asked = input.text('tenant')
  if (asked === undefined || tenants.includes(asked)) return asked
  const known = Object.entries(lab.view.controlPlanes).find(([name, { id }]) => name === asked || id === asked)
  if (known) return known[0]
  const all = new Set([...tenants, ...Object.keys(lab.view.controlPlanes)])
  throw new AppError('invalid-argument', `--tenant ${asked}: the lab has ${[...all].join(', ')}`)
}

/**
 * `global` is the one that holds the control plane, where there are several shards; of a sidecar it is its process.
 * Throws `invalid-argument`.
 */
export function componentNamed({ view }: LabAccess, name: string, tenant: string | undefined): ComponentView {
  const { global, topology } = view.spec
  const byTenant = global.kind === 'foreign' || (topology.shards.length > 1 && tenant !== undefined)
  if (name === 'global' && byTenant) return globalOf(view, tenant)
  const sidecar = sidecarNamed(name)
  return findComponent(view.components, sidecar ? `dataplanes/${sidecar.zone}` : name, tenant)
}

export function diagnosticsOf(
  lab: LabAccess,
  component: ComponentView,
  context: Context,
): DiagnosticsClient | undefined {
  return diagnosticsClient(lab.view, component, context.clock)
}
