import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ComponentView, LabView } from '../../src/lab/lab-view.js'
import { readIfThere } from '../../src/lab/private-files.js'

const ENTRY = resolve('dist/cli/main.js')
const BUILD_LOCK = resolve('node_modules/.cache/e2e-build')
const BUILD_WITHIN_MS = 120_000

/** The program as users get it, from the sources as they are. Test files run side by side: one builds at a time. */
export async function buildProgram(): Promise<void> {
  mkdirSync(resolve('node_modules/.cache'), { recursive: true })
  const deadline = Date.now() + BUILD_WITHIN_MS
  while (!takeLock()) {
    if (Date.now() > deadline) throw new Error(`${BUILD_LOCK} is held for too long; remove it`)
    await sleep(200)
  }
  try {
    // Whether the types hold is for `npm run check` to say; here the program has to run.
    execFileSync(process.execPath, ['scripts/bundle.mjs'])
  } finally {
    rmSync(BUILD_LOCK, { recursive: true, force: true })
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(BUILD_LOCK)
    return true
  } catch {
    return false
  }
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A data home of its own, so that no other lab of this user is touched; everything in it goes at the end. */
export class Home implements AsyncDisposable {
  readonly dir: string

  private constructor(dir: string) {
    this.dir = dir
  }

  static async make(): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'zonelab-e2e-')))
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_DATA_HOME: this.dir, NO_COLOR: '1' }
  }

  /** Runs one command line to its end. */
  run(args: readonly string[], input?: string): Promise<Ended> {
    return new Promise((resolved) => {
      const child = execFile(
        process.execPath,
        [ENTRY, ...args],
        { env: this.env, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
          resolved({ code, stdout, stderr })
        },
      )
      child.stdin?.end(input ?? '')
    })
  }

  /** The same, and it has to succeed. */
  async ok(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input)
    if (code !== 0) throw new Error(`zonelab ${args.join(' ')}: exit ${code}\n${stderr}`)
    return stdout
  }

  /** Starts one that goes on. */
  start(args: readonly string[]) {
    return spawn(process.execPath, [ENTRY, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(['down', '--purge'])
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** Runs, stopped or not. One that ended and that nobody has buried, as in a container without an init, does not. */
export function alive(pid: number): boolean {
  return processes().some((process) => process.pid === pid)
}

/** Processes whose parent is this one, as the system counts them. */
export function childrenOf(pid: number): number[] {
  return processes()
    .filter(({ parent }) => parent === pid)
    .map((process) => process.pid)
}

function processes(): { readonly pid: number; readonly parent: number }[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => !state?.startsWith('Z'))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }))
}

export function componentOf(view: LabView, name: string): ComponentView {
  const component = view.components.find((candidate) => candidate.name === name)
  if (!component) throw new Error(`there is no ${name}`)
  return component
}

/** A control plane's own API, asked without any of zonelab's client code. */
export async function askApi(component: ComponentView, path: string, init: RequestInit = {}): Promise<Response> {
  const token = readIfThere(component.adminTokenFile ?? '')?.trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return fetch(`${component.endpoints.api}${path}`, { ...init, headers })
}

/** What every sidecar of a service says itself that it runs with: its whole configuration, by `ZONE/NAME`. */
export async function configurations(view: LabView, service: string): Promise<Map<string, string>> {
  const dumps = new Map<string, string>()
  for (const zone of view.spec.topology.zones) {
    const fleet = zone.fleets.find((candidate) => candidate.service === service)
    const admin = componentOf(view, `dataplanes/${zone.name}`).endpoints.admin
    for (let index = 1; index <= (fleet?.replicas ?? 0); index += 1) {
      const name = `${service}-${index}`
      const answer = await fetch(`${admin}/proxies/default/${name}/config_dump`)
      dumps.set(`${zone.name}/${name}`, await answer.text())
    }
  }
  return dumps
}

/** Those whose configuration does not hold the text. */
export function without(dumps: ReadonlyMap<string, string>, text: string): string[] {
  return [...dumps].filter(([, dump]) => !dump.includes(text)).map(([name]) => name)
}
