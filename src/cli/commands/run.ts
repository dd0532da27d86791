import { kebab, type SettingsTable } from '../../base/settings.js'
import { DATAPLANE_SETTINGS } from '../../dataplane/config.js'
import { GLOBAL_SETTINGS } from '../../global/config.js'
import type { ComponentKind } from '../../lab/components.js'
import { PLATFORM_SETTINGS } from '../../platform/config.js'
import { ZONE_SETTINGS } from '../../zone/config.js'
import type { Command, Flag, Input } from '../command.js'
import { runProcess } from '../run-process.js'

const KINDS: readonly { kind: ComponentKind; what: string; table: SettingsTable; example: string }[] = [
  {
    kind: 'global',
    what: 'a global control plane',
    table: GLOBAL_SETTINGS,
    example: 'zonelab global run --store global.db --kds-tls false --kds-auth none',
  },
  {
    kind: 'zone',
    what: 'a zone control plane',
    table: ZONE_SETTINGS,
    example: 'zonelab zone run --zone-name zone-9 --global-address grpcs://127.0.0.1:5685 --token-path zone-9.jwt',
  },
  {
    kind: 'dataplane',
    what: 'mock sidecars',
    table: DATAPLANE_SETTINGS,
    example: 'zonelab dataplane run --cp-address https://127.0.0.1:5678 --fleet-file fleet.json --token-path dp.jwt',
  },
  {
    kind: 'platform',
    what: 'a control-plane manager',
    table: PLATFORM_SETTINGS,
    example: 'zonelab platform run --store platform.db --regions us=5690 --admin-token-file admin.pat',
  },
]

/** `global run`, `zone run`, `dataplane run`: every row of the settings table is a flag. */
export const runCommands: readonly Command[] = KINDS.map(({ kind, what, table, example }) => ({
  name: `${kind} run`,
  group: 'Single processes',
  summary: `Run ${what} by itself, until Ctrl-C`,
  details:
    'Settings come from defaults, then the JSON file that ZONELAB_CONFIG_FILE names, then the environment (named in brackets),\n' +
    'then flags. KMESH_ names are read as their KUMA_ ones, with a warning.',
  flags: Object.entries(table).map(([key, { env, doc, fallback }]): Flag => {
    return { name: kebab(key), value: 'VALUE', doc: `${doc} [${env}]`, fallback: String(fallback) || 'none' }
  }),
  examples: [example],
  run: (context, input) => {
    const { clock, random, env, signal, io } = context
    return runProcess(kind, flagsOf(table, input), { clock, random, env, signal, warn: (line) => io.err(line) })
  },
}))

function flagsOf(table: SettingsTable, input: Input): Record<string, string> {
  const given = Object.keys(table).map((key) => [key, input.text(kebab(key))] as const)
  return Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined))
}
