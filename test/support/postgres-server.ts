import { spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where a run's server lives. Named by the global set-up, made by the first file that needs it. */
export interface ServerPlace {
  readonly folder: string
}

const STARTS_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 50

/**
 * The superuser's URL of the PostgreSQL server of this test run: the one that ZONELAB_TEST_PG names, else one that is
 * started from the system's binaries, once for all files. Undefined when there is none.
 */
export async function postgresServer({ folder }: ServerPlace): Promise<string | undefined> {
  const given = process.env.ZONELAB_TEST_PG
  if (given) return given
  const bin = binaries()
  if (!bin) return undefined
  const urlFile = join(folder, 'url')
  if (claim(folder)) {
    const url = start(folder, bin)
    writeFileSync(urlFile, url)
    return url
  }
  const until = Date.now() + STARTS_WITHIN_MS
  while (!existsSync(urlFile) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  // Read whole: it is shorter than what one write leaves half done.
  return readFileSync(urlFile, 'utf8')
}

/** Whether `postgresServer` has one to give. */
export function hasPostgres(): boolean {
  return Boolean(process.env.ZONELAB_TEST_PG) || binaries() !== undefined
}

/** Ends the server of a run, if one was started, and removes what it kept. */
export function endPostgresServer(folder: string): void {
  const bin = binaries()
  const data = join(folder, 'data')
  if (bin && existsSync(join(data, 'postmaster.pid'))) {
    spawnSync(join(bin, 'pg_ctl'), ['stop', '-D', data, '-m', 'immediate'], { ...asNobody(), stdio: 'ignore' })
  }
  rmSync(folder, { recursive: true, force: true })
}

export function makeServerFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-pg-'))
  const { uid, gid } = asNobody()
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  return folder
}

function start(folder: string, bin: string): string {
  const data = join(folder, 'data')
  // Only this run's files know the folder, and nobody else may enter it: no password is needed on its socket.
  run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--no-sync', '--locale=C'])
  const settings = {
    listen_addresses: '',
    unix_socket_directories: folder,
    fsync: 'on',
    shared_buffers: '64MB',
    max_connections: '300',
    max_wal_size: '256MB',
    log_min_messages: 'fatal',
  }
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`)
  run(join(bin, 'pg_ctl'), ['start', '-w', '-t', '60', '-D', data, '-l', join(folder, 'log'), '-o', options.join(' ')])
  return `postgres://postgres@/postgres?host=${encodeURIComponent(folder)}`
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, {
    ...asNobody(),
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`)
}

/** The first who comes starts the server. */
function claim(folder: string): boolean {
  try {
    mkdirSync(join(folder, 'claimed'))
    return true
  } catch {
    return false
  }
}

/** The newest that the system has: Debian's place, then the one on the path. */
function binaries(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const places = [...versions.map((version) => join(root, version, 'bin')), ...(process.env.PATH ?? '').split(':')]
  return places.find((place) => ['initdb', 'pg_ctl', 'postgres'].every((name) => existsSync(join(place, name))))
}

/** PostgreSQL does not run as root. */
function asNobody(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = ['postgres', 'nobody'].flatMap((wanted) => users.find(([name]) => name === wanted) ?? []).slice(0, 4)
  return { uid: Number(user[2]), gid: Number(user[3]) }
}
