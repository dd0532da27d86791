import { readFileSync } from 'node:fs'
import { AppError } from '../../base/errors.js'
import { askBootstrap } from '../../lab/bootstrap-client.js'
import { sidecarNamed } from '../../lab/components.js'
import { workloadOf } from '../../lab/fleet.js'
import { apiClient } from '../../lab/lab-clients.js'
import { readLabState } from '../../lab/lab-state.js'
import { type ComponentView, dataplaneTokenFile } from '../../lab/lab-view.js'
import { readIfThere } from '../../lab/private-files.js'
import type { JsonObject } from '../../model/json.js'
import { type Command, type Context, type Input, LAB_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { globalEnvironment, type KumaEnvironment, zoneEnvironment } from '../kuma-environment.js'
import { kumactlLine } from '../kumactl.js'
import { componentNamed, type LabAccess, openLab, tenantOf } from '../lab-access.js'

const FOR = ['kuma', 'kong-mesh-2', 'kumactl', 'envoy'] as const

export const env: Command = {
  name: 'env',
  group: 'The lab',
  summary: 'What other programs need to reach the lab, or to take the place of one of its components',
  details:
    'Without --for: variables with the addresses and credential files of the lab or the component.\n' +
    '--for kuma|kong-mesh-2: the environment of a kuma-cp that takes the place of a zone or the global.\n' +
    '--for kumactl: the command that makes kumactl speak to it.  --for envoy: the bootstrap of one sidecar.',
  args: [{ name: 'component', doc: 'global, zone-2; for envoy dp/zone-2/NAME' }],
  flags: [{ name: 'for', value: 'WHAT', doc: 'For which program', words: FOR }, TENANT_FLAG, LAB_FLAG],
  examples: [
    'env $(zonelab env zone-3 --for kuma) kuma-cp run',
    'zonelab env dp/zone-1/frontend-1 --for envoy > envoy.yaml',
    'eval "$(zonelab env --for kumactl)"',
  ],
  async run(context, input) {
    const lab = await openLab(context, input)
    const [name = 'global'] = input.args
    switch (input.word('for', FOR)) {
      case 'envoy':
        context.io.out(await envoyBootstrap(name, lab, context, input))
        break
      case 'kumactl':
        context.io.out(kumactlCommand(componentNamed(lab, name, input.text('tenant')), lab, input))
        break
      case 'kuma':
        printEnvironment(kumaEnvironment(name, lab, input, 'kuma'), context)
        break
      case 'kong-mesh-2':
        printEnvironment(kumaEnvironment(name, lab, input, 'kong-mesh-2'), context)
        break
      case undefined:
        for (const line of addresses(componentNamed(lab, name, input.text('tenant')), lab)) context.io.out(line)
    }
    return EXIT.ok
  },
}

function addresses(component: ComponentView, lab: LabAccess): string[] {
  const { caFile, diagnosticsTokenFile } = lab.view
  const entries: [string, string | undefined][] = [
    ...Object.entries(component.endpoints).map(([name, url]): [string, string] => [variable(name), url]),
    ['ZONELAB_ADMIN_TOKEN_FILE', component.adminTokenFile],
    ['ZONELAB_ZONE_TOKEN_FILE', component.zoneTokenFile],
    ['ZONELAB_DIAGNOSTICS_TOKEN_FILE', diagnosticsTokenFile],
    ['ZONELAB_CA_FILE', caFile],
  ]
  return entries.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
}

function variable(name: string): string {
  return `ZONELAB_${name
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll('-', '_')
    .toUpperCase()}`
}

function kumaEnvironment(name: string, lab: LabAccess, input: Input, product: 'kuma' | 'kong-mesh-2'): KumaEnvironment {
  const component = componentNamed(lab, name, input.text('tenant'))
  const several = lab.view.spec.topology.tenants.length > 1
  const key = several && component.tenant !== undefined ? `${component.name}@${component.tenant}` : component.name
  const ports = readLabState(lab.paths)?.ports[key] ?? {}
  switch (component.kind) {
    case 'global':
      return globalEnvironment(lab.view, component, ports)
    case 'zone':
      return zoneEnvironment(lab.view, component, ports, product)
    case 'platform':
    case 'dataplane':
      throw new AppError(
        'invalid-argument',
        `${name}: a kuma-cp is a zone or the global; for one sidecar use --for envoy`,
      )
  }
}

/** Warnings go to standard error, so that `env $(…)` takes the variables alone. */
function printEnvironment({ variables, warnings }: KumaEnvironment, { io }: Context): void {
  for (const warning of warnings) io.err(`${io.paint('yellow', 'warning')}: ${warning}`)
  for (const [name, value] of Object.entries(variables)) io.out(`${name}=${value}`)
}

function kumactlCommand(component: ComponentView, lab: LabAccess, input: Input): string {
  const line = kumactlLine(lab.view, component, tenantOf(lab, input))
  if (line !== undefined) return line
  throw new AppError('invalid-argument', `${component.name} has no API that the lab could give access to`)
}

/** Without what only a control plane may say of a resource. */
function statedPart({ type, mesh, name, labels, networking }: JsonObject): JsonObject {
  return { type, mesh, name, labels, networking } as JsonObject
}

/** Where a real kuma-dp would report readiness; without one nothing listens there. */
const READINESS_PORT = 9902

async function envoyBootstrap(name: string, lab: LabAccess, context: Context, input: Input): Promise<string> {
  const named = sidecarNamed(name)
  if (!named) throw new AppError('invalid-argument', `--for envoy: name a sidecar as dp/ZONE/NAME, not "${name}"`)
  const { zone: zoneName, sidecar } = named
  const zone = componentNamed(lab, zoneName, input.text('tenant'))
  const { bootstrap } = zone.endpoints
  const { caFile } = lab.view
  if (bootstrap === undefined || caFile === undefined)
    throw new AppError('invalid-argument', `${zoneName} has no bootstrap`)
  const service = lab.view.spec.topology.services.find(({ name }) => sidecar.startsWith(`${name}-`))
  const mesh = service?.mesh ?? 'default'
  const workload = service && workloadOf(service)
  const shown = await apiClient(lab.view, zone, context.clock, undefined).get<JsonObject>(
    `/meshes/${mesh}/dataplanes/${sidecar}`,
  )
  const token = readIfThere(dataplaneTokenFile(lab.paths, zone.tenant ?? '', { mesh, workload }))?.trim() ?? ''
  context.io.err(`note: a mock sidecar may run under this name; end it first with: zonelab stop dataplanes/${zoneName}`)
  return askBootstrap(bootstrap, caFile, {
    mesh,
    name: sidecar,
    dataplaneToken: token,
    dataplaneResource: JSON.stringify(statedPart(shown)),
    caCert: readFileSync(caFile, 'utf8'),
    readinessPort: READINESS_PORT,
  })
}
