import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What a child process offers: methods whose arguments and results are plain data. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>

interface Call {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: string })

const CPU = 'cpuMs'
const BYTES = 'bytes'
const MEMORY = 'processMemory'

/** CPU that this process has used, the kernel's work for it included. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e3
}

/** Bytes that this process has read and written, over sockets too: the kernel's own count (Linux). */
function bytes(): { readonly read: number; readonly written: number } {
  const text = readFileSync('/proc/self/io', 'utf8')
  const count = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(text)?.[1])
  return { read: count('rchar'), written: count('wchar') }
}

export interface ProcessMemory {
  /** What the system has given this process. */
  readonly rssBytes: number
  /** Objects in V8's heap; the rest is other memory, and room in the heap. */
  readonly heapBytes: number
}

/** After full collections. */
async function processMemory(): Promise<ProcessMemory> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const { rss, heapUsed } = process.memoryUsage()
  return { rssBytes: rss, heapBytes: heapUsed }
}

/** Called once in a child: answers its parent's calls until the parent is gone. */
export function offer(own: Methods): void {
  const methods: Methods = { ...own, [CPU]: cpuMs, [BYTES]: bytes, [MEMORY]: processMemory }
  process.on('message', async ({ id, method, args }: Call) => {
    try {
      process.send?.({ id, value: await methods[method]?.(...(args as never[])) } satisfies Answer)
    } catch (thrown) {
      process.send?.({ id, failure: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) })
    }
  })
  process.on('disconnect', () => process.exit())
}

/** A process of a bench's own, so that what it costs can be told from what the others cost. */
export class Child<M extends Methods> {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #calls = 0

  /** `script` is relative to this folder; `flags` are Node's. */
  constructor(script: string, args: readonly string[] = [], flags: readonly string[] = []) {
    this.#process = fork(fileURLToPath(new URL(`./${script}`, import.meta.url)), args, {
      execArgv: ['--expose-gc', ...flags, ...profiling(script)],
      serialization: 'advanced',
    })
    this.#process.on('message', (answer: Answer) => this.#answered(answer))
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${script} ended: ${code ?? signal}`))
    })
  }

  call<K extends keyof M & string>(method: K, ...args: Parameters<M[K]>): Promise<Awaited<ReturnType<M[K]>>> {
    return this.#ask(method, args) as Promise<Awaited<ReturnType<M[K]>>>
  }

  cpuMs(): Promise<number> {
    return this.#ask(CPU, []) as Promise<number>
  }

  processMemory(): Promise<ProcessMemory> {
    return this.#ask(MEMORY, []) as Promise<ProcessMemory>
  }

  bytes(): Promise<ReturnType<typeof bytes>> {
    return this.#ask(BYTES, []) as Promise<ReturnType<typeof bytes>>
  }

  /** SIGSTOP and SIGCONT: a stopped process keeps its connections and reads nothing. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(name)
  }

  /** Ends it, stopped or not; with a profile it ends by itself, or nothing would be written. */
  end(): void {
    this.#process.removeAllListeners('exit')
    this.#process.kill('SIGCONT')
    if (this.#process.connected) this.#process.disconnect()
  }

  #ask(method: string, args: readonly unknown[]): Promise<unknown> {
    this.#calls += 1
    const id = this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#process.send({ id, method, args } satisfies Call)
    })
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('failure' in answer) waiting?.reject(new Error(answer.failure))
    else waiting?.resolve(answer.value)
  }
}

/** ZONELAB_BENCH_PROFILE names a folder for CPU profiles of every child. */
function profiling(script: string): readonly string[] {
  const folder = process.env.ZONELAB_BENCH_PROFILE
  if (folder === undefined) return []
  // A folder for each: a child's threads write profiles too, which Node names apart.
  return ['--cpu-prof', `--cpu-prof-dir=${folder}/${script.replaceAll('/', '-')}-${process.hrtime.bigint()}`]
}

/** Runs the work and ends the children whatever comes of it. */
export async function withChildren<T>(children: readonly { end(): void }[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    for (const child of children) child.end()
  }
}
