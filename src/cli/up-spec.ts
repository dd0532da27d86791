import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../base/errors.js'
import { DEFAULT_DB, type ForeignGlobal, type LabSpec, type OwnGlobal } from '../lab/lab-spec.js'
import { PORT_FLAGS } from '../lab/ports.js'
import { DEFAULT_SHARD, SHARD_NAME } from '../lab/shards.js'
import { shopTopology } from '../lab/shop.js'
import { parseTopology, type Topology } from '../lab/topology.js'
import { isPostgresUrl, splitPassword } from '../store/store-place.js'
import { type Flag, Input } from './command.js'

/** Flags of `up` that say what the lab is. None of them given, a lab that was there before is as it was. */
export const SPEC_FLAGS: readonly Flag[] = [
  { name: 'tenants', value: 'N', doc: 'Control planes (tenants)', fallback: '1' },
  { name: 'zones', value: 'N', doc: 'Zones per tenant', fallback: '1' },
  { name: 'dataplanes', value: 'N', doc: 'Sidecars per zone', fallback: '3' },
  {
    name: 'shards',
    value: 'SHARD,…',
    doc: 'Globals behind one manager, REGION-NUMBER each (`us-1,eu-1`); tenants are dealt out over them',
    fallback: DEFAULT_SHARD,
  },
  { name: 'file', short: 'f', value: 'FILE', doc: 'Topology file, instead of shards and counts' },
  {
    name: 'auth',
    value: 'MODE',
    doc: 'How zones prove who they are',
    fallback: 'zone-token',
    words: ['zone-token', 'sat', 'none'],
  },
  {
    name: 'open-streams',
    value: 'POLICY',
    doc: 'Open streams are authenticated once, as in Kuma, or end when their credential does',
    fallback: 'parity',
    words: ['parity', 'strict'],
  },
  { name: 'plaintext', doc: 'KDS and the platform without TLS' },
  { name: 'listen', value: 'ADDR', doc: 'Address that every listener binds', fallback: '127.0.0.1' },
  {
    name: 'db',
    value: 'DB',
    doc: 'Database of the global: a SQLite file, `memory`, or `postgres://USER@HOST:PORT/NAME`. Shards but `us-1` have one each, named after it: `mesh.eu-1.db`, `mesh_eu_1`',
    fallback: "a file in the lab's directory",
  },
  { name: 'globals', value: 'N', doc: 'Instances of each global over one Postgres database', fallback: '1' },
  { name: 'external', value: 'ZONE,…', doc: 'Zones whose place is kept for a control plane that you start' },
  { name: 'global', value: 'ADDR', doc: 'Run the zones on another global: `grpcs://host:port` or `grpc://host:port`' },
  { name: 'ca', value: 'FILE', doc: 'CA of that global' },
  { name: 'zone-token-dir', value: 'DIR', doc: 'Tokens of the zones for that global, in files `ZONE` or `ZONE.jwt`' },
  { name: 'cp-id', value: 'ID', doc: 'Control plane of the zones at that global; `--auth sat` needs it' },
  { name: 'isolate', doc: 'A process for each component, however many zones' },
  { name: 'inline', doc: 'Everything in one process' },
  { name: 'api-port', value: 'PORT', doc: "Port of the global's API" },
  { name: 'api-https-port', value: 'PORT', doc: 'The same over TLS' },
  { name: 'kds-port', value: 'PORT', doc: 'Port of KDS' },
  { name: 'diagnostics-port', value: 'PORT', doc: "Port of the global's readiness and metrics" },
]

const ZONES_MAX = 2_000
const DATAPLANES_MAX = 100_000
const TENANTS_MAX = 1_000
const GLOBALS_MAX = 16

/** Which lab the flags describe; undefined when they describe none. Throws `invalid-argument`, `invalid-topology`, `guard-rail`. */
export async function specFromFlags(input: Input): Promise<LabSpec | undefined> {
  if (!SPEC_FLAGS.some(({ name }) => input.given(name))) return undefined
  const spec = await describedSpec(input)
  checkExposure(spec, input.switch('insecure'))
  return spec
}

/** The lab that a bare `up` makes. */
export function defaultSpec(): Promise<LabSpec> {
  return describedSpec(new Input([], {}))
}

export function sameSpec(a: LabSpec, b: LabSpec): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
}

async function describedSpec(input: Input): Promise<LabSpec> {
  const listen = input.text('listen') ?? '127.0.0.1'
  if (isIP(listen) === 0) throw new AppError('invalid-argument', `--listen ${listen}: use an IP address`)
  if (input.switch('isolate') && input.switch('inline')) {
    throw new AppError('invalid-argument', '--isolate and --inline exclude each other')
  }
  const spec: LabSpec = {
    topology: await topologyOf(input),
    auth: input.word('auth', ['zone-token', 'sat', 'none']) ?? 'zone-token',
    openStreams: input.word('open-streams', ['parity', 'strict']) ?? 'parity',
    plaintext: input.switch('plaintext'),
    listen,
    db: databaseOf(input.text('db')),
    processes: input.switch('isolate') ? 'isolate' : input.switch('inline') ? 'inline' : 'auto',
    global: globalOf(input),
  }
  checkShards(spec)
  checkForeign(spec)
  return spec
}

function checkShards({ topology: { shards }, global }: LabSpec): void {
  if (shards.length > 1 && global.kind === 'foreign')
    throw new AppError('invalid-argument', 'several shards are of globals that the lab runs: leave --global out')
}

async function topologyOf(input: Input): Promise<Topology> {
  const file = input.text('file')
  const external = namesIn(input.text('external') ?? '')
  if (file === undefined) {
    return shopTopology({
      shards: shardsOf(input.text('shards') ?? DEFAULT_SHARD),
      tenants: input.whole('tenants', 1, TENANTS_MAX) ?? 1,
      zones: input.whole('zones', 1, ZONES_MAX) ?? 1,
      dataplanes: input.whole('dataplanes', 0, DATAPLANES_MAX) ?? 3,
      external,
    })
  }
  const clash = ['shards', 'tenants', 'zones', 'dataplanes', 'external'].find((name) => input.given(name))
  if (clash !== undefined) throw new AppError('invalid-argument', `--${clash}: with -f the file says this`)
  const { BEHAVIOURS, behaviourMistakes } = await import('../dataplane/behaviour.js')
  return parseTopology(readTopology(file), file, {
    known: new Set(BEHAVIOURS.keys()),
    mistakesIn: behaviourMistakes,
  })
}

function namesIn(list: string): string[] {
  return list.split(',').filter((name) => name !== '')
}

function shardsOf(list: string): readonly string[] {
  const shards = namesIn(list)
  const stranger = shards.find((shard) => !SHARD_NAME.test(shard))
  if (stranger !== undefined || shards.length === 0) {
    throw new AppError('invalid-argument', `--shards ${list}: use REGION-NUMBER for each, like us-1,eu-1`)
  }
  const twice = shards.find((shard, index) => shards.indexOf(shard) !== index)
  if (twice !== undefined) throw new AppError('invalid-argument', `--shards ${list}: ${twice} is there twice`)
  return shards
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a directory; name a file',
  EACCES: 'it may not be read',
}

function readTopology(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError(
      'invalid-argument',
      `-f ${file}: ${UNREADABLE[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message}`,
      { cause },
    )
  }
}

function databaseOf(text: string | undefined): string {
  if (text === undefined) return DEFAULT_DB
  if (text === 'memory') return text
  // The password is kept apart from what the lab is: `databasePassword`.
  if (isPostgresUrl(text)) return splitPassword(text).url
  if (text.includes('://')) throw new AppError('invalid-argument', `--db ${text}: use a file, memory or postgres://…`)
  return resolve(text)
}

/** The password that `--db` has in its URL, or that the environment has for it, as PostgreSQL's own programs read it. */
export function databasePassword(input: Input, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const text = input.text('db')
  if (text === undefined || !isPostgresUrl(text)) return undefined
  return splitPassword(text).password ?? env.PGPASSWORD
}

function globalOf(input: Input): OwnGlobal | ForeignGlobal {
  const address = input.text('global')
  const ports: Record<string, number> = {}
  for (const [setting, flag] of Object.entries(PORT_FLAGS)) {
    const port = input.whole(flag.slice(2), 1, 65_535)
    if (port !== undefined) ports[setting] = port
  }
  if (address === undefined) {
    const stray = ['ca', 'zone-token-dir', 'cp-id'].find((name) => input.given(name))
    if (stray !== undefined) throw new AppError('invalid-argument', `--${stray} goes with --global`)
    const instances = input.whole('globals', 1, GLOBALS_MAX) ?? 1
    if (instances > 1 && !isPostgresUrl(input.text('db') ?? '')) {
      throw new AppError(
        'invalid-argument',
        `--globals ${instances}: only a Postgres database can be shared; add --db postgres://…`,
      )
    }
    return { kind: 'own', ports, ...(instances > 1 && { instances }) }
  }
  if (!/^grpcs?:\/\/[^/:]+:\d+$|^grpcs?:\/\/\[[^\]]+\]:\d+$/.test(address)) {
    throw new AppError('invalid-argument', `--global ${address}: use grpcs://HOST:PORT or grpc://HOST:PORT`)
  }
  const absolute = (name: string) => {
    const path = input.text(name)
    return path === undefined ? undefined : resolve(path)
  }
  for (const name of ['ca', 'zone-token-dir'] as const) {
    const path = absolute(name)
    if (path !== undefined && !existsSync(path))
      throw new AppError('invalid-argument', `--${name} ${path}: ${UNREADABLE.ENOENT}`)
  }
  const cpId = input.text('cp-id')
  const zoneTokenDir = absolute('zone-token-dir')
  return { kind: 'foreign', address, caFile: absolute('ca'), zoneTokenDir, ...(cpId !== undefined && { cpId }) }
}

/** There the lab can make neither control planes nor tokens. */
function checkForeign({ auth, topology, global }: LabSpec): void {
  if (global.kind === 'own') return
  if (topology.tenants.length > 1) {
    throw new AppError('invalid-argument', "several tenants need the lab's own platform: leave --global out")
  }
  if (auth === 'sat' && (global.zoneTokenDir === undefined || global.cpId === undefined)) {
    throw new AppError(
      'invalid-argument',
      '--auth sat with --global: the access tokens are of its platform; provision the zones there, and name their control plane with --cp-id and the directory of the tokens with --zone-token-dir',
    )
  }
}

/** Other machines must not get in without a credential, nor read one off the wire, by a slip. */
function checkExposure(spec: LabSpec, insecure: boolean): void {
  const loopback = spec.listen === '::1' || spec.listen.startsWith('127.')
  if (loopback || insecure || (!spec.plaintext && spec.auth !== 'none')) return
  const what = spec.plaintext ? '--plaintext' : '--auth none'
  throw new AppError(
    'guard-rail',
    `--listen ${spec.listen} with ${what} lets everybody in the network join as a zone; add --insecure if that is meant`,
  )
}
