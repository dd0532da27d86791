import { ROUTE_TABLE } from '../../src/api/route-table.js'
import { DEFAULT_ACCESS } from '../../src/auth/access.js'
import { ERRORS, GRPC_STATUS } from '../../src/base/errors.js'
import { METRICS } from '../../src/base/metrics.js'
import type { SettingsTable } from '../../src/base/settings.js'
import { kebab } from '../../src/base/settings.js'
import { COMMANDS } from '../../src/cli/command-table.js'
import { CASES } from '../../src/conformance/cases/catalogue.js'
import { DATAPLANE_SETTINGS } from '../../src/dataplane/config.js'
import { GLOBAL_SETTINGS } from '../../src/global/config.js'
import { HANDOFF_ROUTES } from '../../src/global/tenant-handoff.js'
import { PLATFORM_SETTINGS } from '../../src/platform/config.js'
import { OPERATOR_ROUTES } from '../../src/platform/operator-routes.js'
import { MANAGER_ROUTE_TABLE } from '../../src/platform/route-table.js'
import { DIAGNOSTICS_ROUTES } from '../../src/transport/http/diagnostics.js'
import { KDS } from '../../src/wire/kds-service.js'
import { DeltaAggregatedResources } from '../../src/wire/xds-service.js'
import { ZONE_SETTINGS } from '../../src/zone/config.js'
import { FAULT_ROUTES } from '../../src/zone/fault-routes.js'
import { FAULTS } from '../conformance/faults/fault-table.js'
import { ZONE_FAULTS } from '../conformance/zone-faults/zone-fault-table.js'
import { casesText } from './cases-page.js'
import { cliText } from './cli-page.js'
import { faultsText } from './faults-page.js'

export interface Page {
  readonly path: string
  readonly text: string
}

const GENERATED = '<!-- Generated from the code by `npm run docs`; a test keeps it equal. -->'

/** The pages of docs/ that say what a table in the code says. */
export function generatedPages(): readonly Page[] {
  return [errorsPage(), metricsPage(), endpointsPage(), settingsPage(), cliPage(), casesPage(), faultsPage()]
}

function casesPage(): Page {
  const intro = `Every case of \`zonelab conformance\`. *Level* binds zonelab; for any other target a row of basis *ours* is REPORT. A row marked Δ
passes on either answer unless \`--strict\` is given. *kuma* is kumahq/kuma at \`348b6528\` with pull request 18803; *konnect* its public documentation.
What needs an operator is done by a [controller](conformance-controller.md).`
  return page('docs/conformance-cases.md', 'Conformance cases', intro, `${casesText(CASES)}\n`)
}

function faultsPage(): Page {
  const intro = `A suite that cannot fail proves nothing. Each of these ${FAULTS.length + ZONE_FAULTS.length} faults is planted, and the suite has to see it.
The first case of each runs with every \`npm test\`; \`npm run conformance:faults\` runs all that are listed, and with \`-- --all\` every case there is.
The faults are code of the tests alone (\`test/conformance\`). No release has them.`
  const client = (one: (typeof CASES)[number]) => one.profiles.includes('zone-client')
  const body = [
    `## Of a control plane\n\nIn front of a sound one, at its door for zones, users or sidecars, stands a gate that weakens calls on the way.`,
    faultsText(
      'target',
      FAULTS,
      CASES.filter((one) => !client(one)),
    ),
    `## Of a zone\n\nA puppet that dials and shows its token is sound but for one thing.`,
    faultsText('zone', ZONE_FAULTS, CASES.filter(client)),
  ]
  return page('docs/conformance-faults.md', 'Planted faults', intro, `${body.join('\n\n')}\n`)
}

function cliPage(): Page {
  return page('docs/cli.md', 'The command line', cliText(COMMANDS), '')
}

function errorsPage(): Page {
  const names = Object.fromEntries(Object.entries(GRPC_STATUS).map(([name, code]) => [code, name]))
  const rows = Object.entries(ERRORS).map(([code, { meaning, retryable, grpc, http }]) => [
    `\`${code}\``,
    meaning,
    retryable ? 'yes' : 'no',
    names[grpc] ?? String(grpc),
    String(http),
  ])
  const intro = 'Every error that zonelab reports has one of these codes. *Retry* says whether trying again can help.'
  return page('docs/errors.md', 'Errors', intro, table(['code', 'meaning', 'retry', 'gRPC', 'HTTP'], rows))
}

/** Seen at `/metrics` of a real kuma-cp 3.0, global and zone. */
const ABSENT_METRICS = [
  [
    '`kds_delta_generation`, `xds_generation`, `hds_*`, `mesh_cache`, `policy_matching_cache`',
    'nothing is generated for one zone or by a clock: a change is encoded once for all (`zonelab_view_*`); health discovery is not served',
  ],
  ['`component_*`, `insights_resyncer_*`, `cert_generation_*`', 'nothing polls: there are no rounds to be timed'],
  [
    '`store`, `store_cache`, `store_conflicts`',
    'writes are committed in groups and served from memory: `zonelab_store_*`',
  ],
  [
    '`grpc_server_*`, `api_server_http_*`, `kuma_cp_log_lines_total`, `events_dropped`, `go_*`',
    'of the libraries and the runtime that Kuma is made with',
  ],
] as const

function metricsPage(): Page {
  const rows = Object.entries(METRICS).map(([name, { kind, help, labels }]) => [
    `\`${name}\``,
    kind,
    labels.join(', '),
    help,
  ])
  const intro = `Served at \`/metrics\` of each process's diagnostics port, in the text format 0.0.4 alone, with the constant label \`zone\`. Names that Kuma has are Kuma's, and so are their
units; the buckets of milliseconds begin at one. \`docs/grafana/zonelab.json\` is a dashboard of all of them.

With \`OTEL_EXPORTER_OTLP_ENDPOINT=http://host:4318\` the process that runs the lab (\`zonelab up\`) tells a collector one trace for each write, with a span
for each hop: encode, wait for a zone, store, acknowledge, build a sidecar's configuration, apply and acknowledge it. Hops of sidecars are joined by time: they
belong to the newest write that their zone had stored. Without the variable no hop is made.`
  const absent = `## Names of Kuma's that are not here

| name | why, and where it is seen instead |
| --- | --- |
${ABSENT_METRICS.map(([name, why]) => `| ${name} | ${why} |`).join('\n')}
`
  return page('docs/metrics.md', 'Metrics', intro, `${table(['metric', 'kind', 'labels', 'what'], rows)}\n${absent}`)
}

function endpointsPage(): Page {
  const rows = ROUTE_TABLE.map(({ method, path, what, rules }) => [method, `\`${path}\``, whoMay(rules), what])
  const intro = [
    "Kuma's REST API, on the API ports of the global and of each zone; on the global also under `/v1/mesh/control-planes/{cpId}/api`.",
    '*Who* names the rules of access, one of which decides, by what is asked for; with none, whoever calls may, also without a token.',
    'A token that does not hold is refused everywhere but at `/`. The last sections list gRPC and what other ports serve.',
  ].join('\n')
  const rules = Object.entries(DEFAULT_ACCESS).map(([name, { groups }]) => [
    `\`${name}\``,
    groups.length === 1 ? 'user and group `mesh-system:admin`' : 'everyone',
  ])
  const rpcs = [
    ...Object.values(KDS).map(({ path, kind }) => ['KDS', `\`${path}\``, kind, ZONE_CREDENTIAL]),
    ['xDS', `\`${DeltaAggregatedResources.path}\``, DeltaAggregatedResources.kind, DATAPLANE_TOKEN],
  ]
  const others = [
    ["zone's bootstrap", 'POST', '`/bootstrap`', DATAPLANE_TOKEN, "The static half of a sidecar's configuration"],
    ["global's API", 'GET', '`/gui/**`', 'everyone', "Kuma's GUI, which asks the API with its user's own token"],
    ...DIAGNOSTICS_ROUTES.map(({ path, guarded, what }) => [
      'diagnostics of each process',
      'GET',
      `\`${path}\``,
      guarded ? LAB_TOKEN : 'everyone',
      what,
    ]),
    ...FAULT_ROUTES.map(({ method, path, what }) => ["zone's diagnostics", method, `\`${path}\``, LAB_TOKEN, what]),
    ...OPERATOR_ROUTES.map(({ path, what }) => ["manager's diagnostics", 'GET', `\`${path}\``, LAB_TOKEN, what]),
  ]
  const body = [
    table(['method', 'path', 'who', 'what'], rows),
    `## Rules of access\n\n${table(['rule', 'default'], rules)}`,
    `## The control-plane manager\n\n${MANAGER_INTRO}\n\n${table(
      ['method', 'path', 'what', 'needs'],
      MANAGER_ROUTE_TABLE.map(({ method, path, what, needs }) => [method, `\`${path}\``, what, needs]),
    )}`,
    `## Between manager and global\n\n${HANDOFF_INTRO}\n\n${table(['method', 'path', 'what'], HANDOFF_ROWS)}`,
    `## gRPC\n\n${table(['service', 'method', 'kind', 'who'], rpcs)}`,
    `## Other ports\n\n${table(['port', 'method', 'path', 'who', 'what'], others)}`,
  ].join('\n')
  return page('docs/endpoints.md', 'Endpoints', intro, body)
}

const MANAGER_INTRO =
  "On the manager's address of each region. Roles are those on `Mesh Control Planes`; *Organization Admin* is a predefined team."
const HANDOFF_INTRO = "On the global's API ports, with the shard's token (`--platform-token-file`)."
const ZONE_CREDENTIAL =
  'a zone: zone token of this control plane and zone with scope `cp`; in mode `sat` also an access token whose holder has the role Connector or Admin on it, in its region'
const DATAPLANE_TOKEN = "a sidecar: dataplane token of the Dataplane's mesh whose claims are true of it"
const LAB_TOKEN = "the lab's diagnostics token"

function whoMay(rules: readonly string[]): string {
  return rules.length === 0 ? 'everyone' : rules.map((rule) => `\`${rule}\``).join(', ')
}

const HANDOFF_ROWS = HANDOFF_ROUTES.map(({ method, what }) => [
  method,
  '`/v1/mesh/control-planes/{cpId}/api/tenants`',
  what,
])

function settingsPage(): Page {
  const section = (title: string, settings: SettingsTable) => {
    const rows = Object.entries(settings).map(([key, { env, doc, fallback }]) => [
      `\`--${kebab(key)}\``,
      `\`${env}\``,
      fallback === '' ? '(empty)' : `\`${String(fallback)}\``,
      doc,
    ])
    return `## ${title}\n\n${table(['flag', 'environment', 'default', 'what'], rows)}`
  }
  const intro =
    'Later ones win: default, file, environment, flag. Variables are named as Kuma names them where Kuma has the setting; `KMESH_*` is accepted with a warning.'
  const body = [
    section('`zonelab global run`', GLOBAL_SETTINGS),
    section('`zonelab zone run`', ZONE_SETTINGS),
    section('`zonelab dataplane run`', DATAPLANE_SETTINGS),
    section('`zonelab platform run`', PLATFORM_SETTINGS),
  ].join('\n')
  return page('docs/settings.md', 'Settings', intro, body)
}

function page(path: string, title: string, intro: string, body: string): Page {
  return { path, text: `# ${title}\n\n${GENERATED}\n\n${intro}\n\n${body}` }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}
