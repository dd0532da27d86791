import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../base/errors.js'
import { ControlClient } from '../lab/control-client.js'
import { apiClient, globalOf, shardOf } from '../lab/lab-clients.js'
import { DEFAULT_DB, type LabSpec } from '../lab/lab-spec.js'
import type { LabView } from '../lab/lab-view.js'
import { labPaths } from '../lab/paths.js'
import { readIfThere } from '../lab/private-files.js'
import { DEFAULT_SHARD } from '../lab/shards.js'
import { askForToken, foreignTarget, type LoadTarget } from '../load/target.js'
import { keptFetch } from '../transport/http/kept-fetch.js'
import { requireAllowedTarget } from './allowed-target.js'
import type { Context, Input } from './command.js'
import { openLab } from './lab-access.js'
import { startHere } from './start-lab.js'
import { StartReport } from './start-report.js'

export interface OpenTarget {
  readonly target: LoadTarget
  /** To type again in other commands: `--lab NAME`, `--target …`. */
  readonly flags: string
  close(): Promise<void>
}

/** Throws `invalid-argument`, `guard-rail`, and what starting a lab throws. */
export async function openTarget(context: Context, input: Input, tenants: number): Promise<OpenTarget> {
  const address = input.text('target')
  if (address !== undefined && input.text('lab') !== undefined) {
    throw new AppError('invalid-argument', '--target and --lab exclude each other')
  }
  if (address !== undefined) {
    const flags = foreignFlags(input, address)
    requireAllowedTarget([address, flags.apiUrl, flags.scrapeUrl], input.texts('allow-target'))
    return { target: foreignTarget(flags, context), flags: shownFlags(input), close: async () => {} }
  }
  if (input.text('lab') !== undefined) {
    const { view, control } = await openLab(context, input)
    const restart = () => control.act('restart', globalOf(view, undefined).name, undefined)
    return { target: labTarget(view, context, restart), flags: `--lab ${view.lab}`, close: async () => {} }
  }
  return throwAwayLab(context, tenants)
}

function foreignFlags(input: Input, address: string): Parameters<typeof foreignTarget>[0] {
  return {
    address,
    caFile: input.text('ca'),
    apiUrl: input.text('api')?.replace(/\/$/, ''),
    userTokenFile: input.text('user-token-file'),
    zoneTokenDir: input.text('zone-token-dir'),
    signingKeyFile: input.text('signing-key'),
    kid: input.text('kid'),
    cpId: input.text('cp-id'),
    scrapeUrl: input.text('scrape'),
  }
}

/** Files and addresses; what is in the files is not shown. */
function shownFlags(input: Input): string {
  return ['target', 'ca', 'api', 'user-token-file', 'cp-id']
    .flatMap((name) => (input.text(name) === undefined ? [] : [`--${name} ${input.text(name)}`]))
    .join(' ')
}

/** A global of its own, in a place that goes with it. */
async function throwAwayLab(context: Context, tenants: number): Promise<OpenTarget> {
  const home = mkdtempSync(join(tmpdir(), 'zonelab-load-'))
  const paths = labPaths('load', { XDG_DATA_HOME: home })
  const names = tenants === 1 ? ['default'] : Array.from({ length: tenants }, (_, place) => `cp-${place + 1}`)
  const spec: LabSpec = {
    topology: {
      shards: [DEFAULT_SHARD],
      tenants: names,
      placement: {},
      meshes: ['default'],
      services: [],
      behaviours: {},
      zones: [],
    },
    auth: 'zone-token',
    openStreams: 'parity',
    plaintext: false,
    listen: '127.0.0.1',
    db: DEFAULT_DB,
    processes: 'auto',
    global: { kind: 'own', ports: {} },
  }
  const remove = () => rmSync(home, { recursive: true, force: true })
  try {
    const lab = await startHere(paths, spec, context, new StartReport(context.io, context.clock))
    const restart = () => new ControlClient(paths.socket).act('restart', 'global', undefined)
    const close = async () => {
      await lab.stop()
      remove()
    }
    return { target: labTarget(lab.view(), context, restart), flags: '', close }
  } catch (thrown) {
    remove()
    throw AppError.from(thrown)
  }
}

function labTarget(view: LabView, context: Context, restart: () => Promise<void>): LoadTarget {
  const global = globalOf(view, undefined)
  const { kds, diagnostics, api } = global.endpoints
  if (kds === undefined || api === undefined) {
    throw new AppError(
      'invalid-argument',
      `lab "${view.lab}" runs its zones on another global; name that with --target`,
    )
  }
  const caPem = view.caFile === undefined ? undefined : readIfThere(view.caFile)
  const fetch = keptFetch(caPem)
  const client = (tenant: string) => apiClient(view, global, context.clock, tenant, fetch)
  const token = readIfThere(view.diagnosticsTokenFile)?.trim() ?? ''
  return {
    name: view.lab === 'load' ? 'a throw-away lab' : `lab ${view.lab}`,
    address: kds,
    trust: view.spec.plaintext ? { kind: 'plaintext' } : { kind: 'ca', caPem },
    // A load goes to one global: the control planes of other shards are not in its way.
    tenants: view.spec.topology.tenants
      .filter((tenant) => shardOf(view, tenant) === global.shard)
      .map((tenant) => view.controlPlanes[tenant]?.id ?? tenant),
    api: client,
    zoneToken: async (zone, tenant, kind) =>
      view.spec.auth === 'none' ? undefined : askForToken(client(tenant), zone, kind),
    metricsUrl: diagnostics === undefined ? undefined : `${diagnostics}/metrics`,
    pid: global.pid,
    diagnostics: diagnostics === undefined ? undefined : { url: diagnostics, token },
    restart,
    intervals: 'none: zonelab sends at once',
  }
}
