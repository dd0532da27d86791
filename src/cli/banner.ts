import { existsSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageFile } from '../base/program-files.js'
import { shardOf } from '../lab/lab-clients.js'
import type { ComponentView, LabView } from '../lab/lab-view.js'
import { regionsOf } from '../lab/shards.js'
import type { Context } from './command.js'
import { kumactlLine } from './kumactl.js'

/** Enough to find a zone by; `status` has them all. */
const ZONES_SHOWN_MAX = 4

/** What a newcomer needs when the lab is ready: where things are, what keeps, what to type next. */
export function banner(view: LabView, context: Pick<Context, 'io' | 'program'>): string {
  const { paint } = context.io
  const rows = [...endpointRows(view), ...keptRows(view), ...kumactlRow(view)]
  const width = Math.max(...rows.map(([label]) => label.length))
  const lines = rows.map(([label, text]) => `  ${paint('bold', label.padEnd(width))}  ${text}`)
  const next = nextCommands(view, context.program).map((command) => `    ${paint('cyan', command)}`)
  const notices = view.notices.map((notice) => `  ${paint('yellow', '!')} ${notice}`)
  return ['', ...lines, '', ...notices, ...(notices.length > 0 ? [''] : []), '  Try next', ...next, ''].join('\n')
}

type Row = readonly [label: string, text: string]

function endpointRows(view: LabView): Row[] {
  const [global, ...others] = view.components.filter(({ kind }) => kind === 'global')
  const { api, apiHttps, kds, diagnostics } = global?.endpoints ?? {}
  const { spec } = view
  const security = { none: 'no authentication', 'zone-token': 'zone tokens', sat: 'access tokens' }[spec.auth]
  const platform = view.components.find(({ kind }) => kind === 'platform')
  const manager: Row[] = platform
    ? [
        ['Platform', `${platform.endpoints.api}   control planes, accounts, provisioning`],
        ...regionsOf(spec.topology)
          .slice(1)
          .map((region): Row => ['', `${platform.endpoints[`api-${region}`]}   the same in region ${region}`]),
      ]
    : []
  if (global && spec.topology.shards.length > 1) {
    return [...manager, ...[global, ...others].map((one) => shardRow(one, security)), ...zoneRows(view)]
  }
  const rows: Row[] = global
    ? [
        ['API', `${api}   ${apiHttps}`],
        ['KDS', `${kds}   ${security}`],
        ['Metrics', `${diagnostics}/metrics`],
      ]
    : [['Global', `${spec.global.kind === 'foreign' ? spec.global.address : ''}   (not run by this lab)`]]
  return [...manager, ...rows, ...zoneRows(view)]
}

function shardRow({ shard = '', endpoints }: ComponentView, security: string): Row {
  return [shard, `${endpoints.api}   ${endpoints.kds} ${security}   ${endpoints.diagnostics}/metrics`]
}

function zoneRows(view: LabView): Row[] {
  const zones = view.components.filter(({ kind }) => kind === 'zone')
  const several = view.spec.topology.tenants.length > 1
  const rows = zones
    .slice(0, ZONES_SHOWN_MAX)
    .map((zone): Row => [several ? `${zone.name} ${zone.tenant}` : zone.name, describeZone(zone)])
  const more = zones.length - rows.length
  return more > 0 ? [...rows, ['', `and ${more} more zones: status lists them`]] : rows
}

function describeZone(zone: ComponentView): string {
  if (zone.state === 'external') return `yours to start: env $(zonelab env ${zone.name} --for kuma) kuma-cp run`
  return `${zone.endpoints.api}   sidecars ${zone.endpoints.xds}`
}

function keptRows(view: LabView): Row[] {
  const own = view.spec.global.kind === 'own'
  const kept =
    view.database === 'memory' ? 'in memory: gone when the lab stops' : `${view.database} (kept when the lab stops)`
  return [
    ...(own ? [['Database', kept] as const] : []),
    ['Credentials', `${dirname(view.diagnosticsTokenFile)} (only you can read them)`],
  ]
}

function kumactlRow(view: LabView): Row[] {
  const [tenant = ''] = view.spec.topology.tenants
  const global = view.components.find(({ shard }) => shard === shardOf(view, tenant))
  const line = global && kumactlLine(view, global, tenant)
  return line === undefined ? [] : [['kumactl', line]]
}

/** Three commands that work when pasted. */
export function nextCommands(view: LabView, program: string): string[] {
  const [tenant, second] = view.spec.topology.tenants
  const lab = view.lab === 'default' ? '' : ` --lab ${view.lab}`
  const inTenant = `${second === undefined ? '' : ` --tenant ${tenant}`}${lab}`
  const zone = view.components.find(({ kind, state }) => kind === 'zone' && state !== 'external')
  const policies = examplesDir('policies')
  if (view.spec.global.kind === 'foreign') {
    const there = zone
      ? [`${program} get dataplanes --zone ${zone.name}${lab}`, `${program} kill ${zone.name}${lab}`]
      : []
    return [`${program} status${lab}`, ...there]
  }
  return [
    ...(policies === undefined ? [] : [`${program} apply -f ${policies} --wait --explain${inTenant}`]),
    `${program} inspect sync -w${lab}`,
    ...(zone ? [`${program} kill ${zone.name}${inTenant}`] : []),
  ]
}

/** The examples that ship with zonelab, by the shorter of their two paths. */
function examplesDir(name: string): string | undefined {
  const absolute = fileURLToPath(packageFile(`examples/${name}`))
  if (!existsSync(absolute)) return undefined
  const fromHere = relative(process.cwd(), absolute)
  return fromHere.length < absolute.length ? fromHere : absolute
}
