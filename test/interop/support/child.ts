import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** A real peer's process takes about 5 s to end by itself; one that hangs is killed after this. */
const TERM_WITHIN_MS = 15_000

export interface ChildOptions {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Receives standard output and error. */
  readonly logFile: string
}

/** A peer's process, ended by its own id. */
export class Child {
  readonly #process: ChildProcess
  readonly #logFile: string
  readonly #exit: Promise<unknown>

  constructor({ program, args, env, logFile }: ChildOptions) {
    const log = openSync(logFile, 'a')
    this.#process = spawn(program, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#logFile = logFile
    this.#exit = once(this.#process, 'exit')
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** What it wrote so far. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  async kill(): Promise<void> {
    if (!this.running) return
    this.#process.kill('SIGKILL')
    await this.#exit
  }

  async stop(): Promise<void> {
    if (!this.running) return
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), TERM_WITHIN_MS)
    this.#process.kill('SIGCONT')
    this.#process.kill('SIGTERM')
    await this.#exit
    clearTimeout(timer)
  }
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. `input` goes to its standard input. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly input?: string },
): Promise<Finished> {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...options.env }, stdio: 'pipe' })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  child.stdin.end(options.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...output }
}
