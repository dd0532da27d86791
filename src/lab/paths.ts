import { createHash } from 'node:crypto'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../base/errors.js'

/** Where one lab keeps everything it has. Nothing of a lab lies outside `dir`, except a socket whose path would be too long. */
export interface LabPaths {
  readonly name: string
  readonly dir: string
  readonly stateFile: string
  readonly socket: string
  readonly supervisorLog: string
  readonly logs: string
  /** Configuration of each process; holds secrets, 0600. */
  readonly config: string
  readonly tls: string
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  /** Credentials, each 0600. */
  readonly tokens: string
  readonly data: string
}

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, with a NUL at the end. */
const SOCKET_PATH_BYTES_MAX = 103

const LAB_NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

type Environment = Readonly<Record<string, string | undefined>>

/** The folder that holds all labs of this user: `$XDG_DATA_HOME/zonelab/labs`. */
export function labsDir(env: Environment): string {
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'zonelab', 'labs')
}

/** Throws `invalid-argument` for a name that is not 1–32 lower-case letters, digits and inner dashes. */
export function labPaths(name: string, env: Environment): LabPaths {
  if (!LAB_NAME.test(name)) {
    throw new AppError('invalid-argument', `lab name "${name}": use 1 to 32 lower-case letters, digits or inner dashes`)
  }
  const dir = join(labsDir(env), name)
  const tls = join(dir, 'tls')
  return {
    name,
    dir,
    stateFile: join(dir, 'lab.json'),
    socket: socketPath(name, dir, env),
    supervisorLog: join(dir, 'logs', 'supervisor.log'),
    logs: join(dir, 'logs'),
    config: join(dir, 'config'),
    tls,
    caFile: join(tls, 'ca.crt'),
    certFile: join(tls, 'server.crt'),
    keyFile: join(tls, 'server.key'),
    tokens: join(dir, 'tokens'),
    data: join(dir, 'data'),
  }
}

/** Component names hold slashes (`dataplanes/zone-2`); files of a component are named with dots instead. */
export function fileNameOf(component: string): string {
  return component.replaceAll('/', '.')
}

export function logFileOf(paths: LabPaths, component: string): string {
  return join(paths.logs, `${fileNameOf(component)}.log`)
}

function socketPath(name: string, dir: string, env: Environment): string {
  const inLab = join(dir, 'control.sock')
  if (Buffer.byteLength(inLab) <= SOCKET_PATH_BYTES_MAX) return inLab
  // The digest keeps labs of different data homes apart.
  const digest = createHash('sha256').update(dir).digest('hex').slice(0, 12)
  return join(env.XDG_RUNTIME_DIR || tmpdir(), `zonelab-${userInfo().uid}-${name}-${digest}.sock`)
}
