import { AppError, type Violation } from './errors.js'

/**
 * One setting of a process. Sources, later ones win: default, file, environment, flag. `env` is Kuma's own variable
 * name where Kuma has the setting, so that a kuma-cp's environment starts ours.
 */
export interface Setting<T> {
  readonly env: string
  readonly doc: string
  readonly fallback: T
  /** Throws Error with what is expected when the text is not a value. */
  parse(text: string): T
  /** Shown as `*****` by `config view`. */
  readonly secret?: boolean
  /** What is shown of it, where that is not all: a URL without its password. */
  show?(value: T): unknown
  /** Kong Mesh's name where it is not `env` with `KMESH_` for `KUMA_`. */
  readonly kongEnv?: string
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>
export type SettingsOf<T extends SettingsTable> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never }
export type Origin = 'default' | 'file' | 'env' | 'flag'

export interface SettingSources {
  readonly file?: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags?: Readonly<Record<string, string | undefined>>
}

export interface ReadSettings<T extends SettingsTable> {
  readonly values: SettingsOf<T>
  readonly origins: Readonly<Record<keyof T, Origin>>
  readonly warnings: readonly string[]
}

/** Reads every setting and reports all faults at once as `invalid-argument`; a key that no row has is a fault. */
export function readSettings<T extends SettingsTable>(table: T, sources: SettingSources): ReadSettings<T> {
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  const warnings: string[] = []
  const faults: Violation[] = unknownKeys(table, sources)
  for (const [key, setting] of Object.entries(table)) {
    const found = find(key, setting, sources, warnings)
    origins[key] = found?.origin ?? 'default'
    try {
      values[key] = found === undefined ? setting.fallback : setting.parse(found.text)
    } catch (thrown) {
      const shown = setting.secret ? '*****' : JSON.stringify(found?.text)
      faults.push({ field: found?.name ?? key, reason: `${shown}: ${(thrown as Error).message}` })
    }
  }
  if (faults.length > 0) {
    const lines = faults.map(({ field, reason }) => `${field}: ${reason}`).join('; ')
    throw new AppError('invalid-argument', `the configuration is not usable: ${lines}`, { violations: faults })
  }
  return { values: values as SettingsOf<T>, origins: origins as Record<keyof T, Origin>, warnings }
}

interface Found {
  readonly text: string
  readonly name: string
  readonly origin: Origin
}

function find(key: string, setting: Setting<unknown>, sources: SettingSources, warnings: string[]): Found | undefined {
  const flag = sources.flags?.[key]
  if (flag !== undefined) return { text: flag, name: `--${kebab(key)}`, origin: 'flag' }
  const env = sources.env[setting.env]
  if (env !== undefined) return { text: env, name: setting.env, origin: 'env' }
  for (const name of [setting.kongEnv, setting.env.replace(/^KUMA_/, 'KMESH_')]) {
    const value = name === undefined ? undefined : sources.env[name]
    if (name === undefined || value === undefined) continue
    warnings.push(`${name} is Kong Mesh's name; zonelab reads it as ${setting.env}`)
    return { text: value, name, origin: 'env' }
  }
  const file = sources.file?.[key]
  if (file === undefined) return undefined
  return { text: typeof file === 'object' ? JSON.stringify(file) : String(file), name: key, origin: 'file' }
}

function unknownKeys(table: SettingsTable, { file, flags }: SettingSources): Violation[] {
  return [...Object.keys(file ?? {}), ...Object.keys(flags ?? {})]
    .filter((key) => !Object.hasOwn(table, key))
    .map((field) => ({ field, reason: 'no such setting' }))
}

/** The effective settings as text, secrets masked. */
export function describeSettings<T extends SettingsTable>(table: T, values: SettingsOf<T>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([key, setting]) => [key, shown(setting, values[key])]))
}

function shown({ secret, show }: Setting<unknown>, value: unknown): unknown {
  if (secret) return '*****'
  return show ? show(value) : value
}

/** A URL as it may be shown: `postgres://user:*****@host/database`. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:@/]*):[^@/]*@/, '$1:*****@')
}

export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

type SettingText<T> = Omit<Setting<T>, 'parse'>

export function text(row: SettingText<string>): Setting<string> {
  return { ...row, parse: (value) => value }
}

export function flag(row: SettingText<boolean>): Setting<boolean> {
  return {
    ...row,
    parse(value) {
      if (value !== 'true' && value !== 'false') throw new Error('expected true or false')
      return value === 'true'
    },
  }
}

/** A whole number within [min, max]. */
export function whole(row: SettingText<number> & { readonly min: number; readonly max: number }): Setting<number> {
  return {
    ...row,
    parse(value) {
      const number = Number(value)
      if (!/^\d+$/.test(value) || number < row.min || number > row.max) {
        throw new Error(`expected a whole number from ${row.min} to ${row.max}`)
      }
      return number
    },
  }
}

/** A TCP port; 0 lets the system choose. */
export function port(row: SettingText<number>): Setting<number> {
  return whole({ ...row, min: 0, max: 65_535 })
}

/** One of some words. `synonyms`: what Kuma and Kong Mesh call one of them. */
export function oneOf<const W extends string>(
  row: SettingText<W> & { readonly words: readonly W[]; readonly synonyms?: Readonly<Record<string, W>> },
): Setting<W> {
  const synonyms = new Map(Object.entries(row.synonyms ?? {}))
  return {
    ...row,
    parse(value) {
      const word = row.words.find((candidate) => candidate === value) ?? synonyms.get(value)
      if (word === undefined) throw new Error(`expected one of ${row.words.join(', ')}`)
      return word
    },
  }
}
