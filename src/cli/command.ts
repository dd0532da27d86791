import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import type { Io } from './io.js'
import { type OutputFormat, parseOutputFormat } from './output.js'

/** One command of the program, as data: the parser, the help, the completion and docs/cli.md are all made from it. */
export interface Command {
  /** `up`, `inspect sync`. */
  readonly name: string
  readonly group: CommandGroup
  /** One sentence without a full stop. */
  readonly summary: string
  readonly details?: string
  readonly args?: readonly Argument[]
  readonly flags?: readonly Flag[]
  readonly examples: readonly string[]
  /** Returns the exit code; 0 by default. */
  run(context: Context, input: Input): Promise<number | undefined>
}

export const COMMAND_GROUPS = [
  'The lab',
  'Resources',
  'Seeing',
  'Breaking',
  'Measuring',
  'Credentials',
  'Conformance',
  'Reports',
  'Single processes',
  'Other',
] as const
export type CommandGroup = (typeof COMMAND_GROUPS)[number]

export interface Argument {
  readonly name: string
  readonly doc: string
  readonly required?: boolean
  readonly variadic?: boolean
}

export interface Flag {
  /** Without dashes: `zones`. */
  readonly name: string
  readonly short?: string
  /** What it takes, as help shows it; absent: a switch. */
  readonly value?: string
  readonly doc: string
  /** Shown in help; a handler applies it. */
  readonly fallback?: string
  /** For completion. */
  readonly words?: readonly string[]
  /** May be given several times. */
  readonly repeatable?: boolean
}

/** What a command has been given. */
export class Input {
  readonly args: readonly string[]
  readonly #flags: Readonly<Record<string, string | readonly string[] | boolean | undefined>>

  constructor(
    args: readonly string[],
    flags: Readonly<Record<string, string | readonly string[] | boolean | undefined>>,
  ) {
    this.args = args
    this.#flags = flags
  }

  text(name: string): string | undefined {
    const value = this.#flags[name]
    return typeof value === 'string' ? value : undefined
  }

  texts(name: string): readonly string[] {
    const value = this.#flags[name]
    return Array.isArray(value) ? (value as readonly string[]) : typeof value === 'string' ? [value] : []
  }

  switch(name: string): boolean {
    return this.#flags[name] === true
  }

  given(name: string): boolean {
    return this.#flags[name] !== undefined
  }

  /** Throws `invalid-argument` for what is no whole number from `min` to `max`. */
  whole(name: string, min: number, max: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new AppError('invalid-argument', `--${name} ${text}: use a whole number from ${min} to ${max}`)
    }
    return number
  }

  /** Throws `invalid-argument`. */
  word<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const word = words.find((candidate) => candidate === text)
    if (word === undefined) throw new AppError('invalid-argument', `--${name} ${text}: use one of ${words.join(', ')}`)
    return word
  }

  output(): OutputFormat {
    return parseOutputFormat(this.text('output') ?? 'table')
  }
}

/** The world as a command sees it. */
export interface Context {
  readonly io: Io
  readonly clock: Clock
  readonly random: Random
  readonly env: Readonly<Record<string, string | undefined>>
  /** What to type to run this program again, for hints that can be pasted. */
  readonly program: string
  /** Aborted by Ctrl-C or SIGTERM; its reason is the exit code. */
  readonly signal: AbortSignal
}

export const LAB_FLAG: Flag = { name: 'lab', value: 'NAME', doc: 'Which lab', fallback: 'default' }
export const TENANT_FLAG: Flag = { name: 'tenant', value: 'ID', doc: 'Control plane, in a lab that has several' }
export const OUTPUT_FLAG: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  doc: 'How to print',
  fallback: 'table',
  words: ['table', 'wide', 'name', 'json', 'yaml'],
}
export const ZONE_FLAG: Flag = { name: 'zone', value: 'ZONE', doc: "Speak to that zone's API instead of the global's" }
export const MESH_FLAG: Flag = {
  name: 'mesh',
  short: 'm',
  value: 'MESH',
  doc: 'Mesh of the resources',
  fallback: 'default',
}
export const TIMEOUT_FLAG: Flag = { name: 'timeout', value: 'TIME', doc: 'How long to wait', fallback: '30s' }
export const ALLOW_TARGET_FLAG: Flag = {
  name: 'allow-target',
  value: 'HOST:PORT',
  doc: 'Allow a target that is not on this machine',
  repeatable: true,
}
