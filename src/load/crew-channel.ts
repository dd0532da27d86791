import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { AppError, ERRORS, type ErrorCode } from '../base/errors.js'
import { programFile } from '../base/program-files.js'
import type { Crew } from './crew-orders.js'

/** What parent and child tell each other. The channel's end is an order to end. */
export type ToCrew = { readonly id: number; readonly method: keyof Crew; readonly args: readonly unknown[] }
export type FromCrew =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: { readonly code: string; readonly message: string } }

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: AppError) => void
}

/** A crew in a process of its own. */
export class CrewProcess implements Crew {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0
  #gone: AppError | undefined

  constructor(name: string) {
    this.#name = name
    this.#child = fork(fileURLToPath(programFile('load/load-worker')), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message: FromCrew) => this.#answered(message))
    this.#child.on('exit', (code, signal) => this.#ended(`ended (${code ?? signal})`))
    this.#child.on('error', (cause) => this.#ended(`could not be run: ${cause.message}`))
  }

  prepare: Crew['prepare'] = (order) => this.#ask('prepare', order)
  connect: Crew['connect'] = (zones) => this.#ask('connect', zones)
  begin: Crew['begin'] = (schedule) => this.#ask('begin', schedule)
  strike: Crew['strike'] = (strikes) => this.#ask('strike', strikes)
  churn: Crew['churn'] = (events) => this.#ask('churn', events)
  take: Crew['take'] = () => this.#ask('take')
  final: Crew['final'] = () => this.#ask('final')

  /** Hangs up its zones and ends. */
  async stop(): Promise<void> {
    if (this.#gone) return
    try {
      await this.#ask('stop')
    } finally {
      if (this.#child.connected) this.#child.disconnect()
    }
  }

  #ask<T>(method: keyof Crew, ...args: readonly unknown[]): Promise<T> {
    if (this.#gone) return Promise.reject(this.#gone)
    this.#calls += 1
    const id = this.#calls
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      // A send that fails means that the process is ending, which `exit` reports.
      this.#child.send({ id, method, args } satisfies ToCrew, () => {})
    })
  }

  #answered(message: FromCrew): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('value' in message) waiting?.resolve(message.value)
    else waiting?.reject(errorOf(message.failure))
  }

  #ended(how: string): void {
    this.#gone ??= new AppError('internal', `the process of ${this.#name} ${how}`)
    for (const { reject } of this.#waiting.values()) reject(this.#gone)
    this.#waiting.clear()
  }
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): AppError {
  return new AppError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal', message)
}
