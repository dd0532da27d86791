import { stringify } from 'yaml'
import { AppError } from '../base/errors.js'
import type { Io } from './io.js'
import { type Column, table } from './table.js'

export const OUTPUT_FORMATS = ['table', 'wide', 'name', 'json', 'yaml'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** Throws `invalid-argument`. */
export function parseOutputFormat(text: string): OutputFormat {
  const format = OUTPUT_FORMATS.find((candidate) => candidate === text)
  if (format === undefined) {
    throw new AppError('invalid-argument', `--output ${text}: use one of ${OUTPUT_FORMATS.join(', ')}`)
  }
  return format
}

export interface Listing<T> {
  readonly items: readonly T[]
  readonly columns: readonly Column<T>[]
  readonly name: (item: T) => string
  /** Said on standard error when there is nothing to list. */
  readonly none: string
}

/** A list in the format that was asked for. */
export function printList<T>(io: Io, format: OutputFormat, { items, columns, name, none }: Listing<T>): void {
  switch (format) {
    case 'json':
    case 'yaml':
      printObject(io, format, { items, total: items.length, next: null })
      return
    case 'name':
      for (const item of items) io.out(name(item))
      return
    case 'table':
    case 'wide':
      if (items.length === 0) io.err(none)
      else io.out(table(columns, items, format === 'wide'))
  }
}

export function printObject(io: Io, format: 'json' | 'yaml', value: unknown): void {
  io.out(format === 'json' ? JSON.stringify(value, null, 2) : stringify(value).trimEnd())
}
