import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Io } from './io.js'

/** A text to be applied, and what to call it in messages. */
export interface Source {
  readonly name: string
  readonly text: string
}

const EXTENSIONS = /\.(ya?ml|json)$/
/** What a whole directory of policies takes is some hundred kilobytes. */
const URL_BYTES_MAX = 16 * 1024 * 1024
const URL_WITHIN_MS = 30_000

/** A file, a directory with what lies below it, a URL, or `-` for standard input. Throws `invalid-argument`, `not-found`, `unavailable`. */
export async function readSources(path: string, io: Io, clock: Clock): Promise<Source[]> {
  if (path === '-') return [{ name: 'stdin', text: await io.readInput() }]
  if (/^https?:\/\//.test(path)) return [{ name: path, text: await download(path, clock) }]
  const files = filesAt(path)
  if (files.length === 0) throw new AppError('invalid-argument', `${path}: no .yaml, .yml or .json file lies there`)
  return files.map((file) => ({ name: file, text: readFileSync(file, 'utf8') }))
}

function filesAt(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new AppError('invalid-argument', `${path}: there is no such file or directory`)
  if (!stat.isDirectory()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && EXTENSIONS.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

async function download(url: string, clock: Clock): Promise<string> {
  const abort = new AbortController()
  const cancel = clock.after(URL_WITHIN_MS, () => abort.abort())
  try {
    const response = await fetch(url, { signal: abort.signal })
    if (!response.ok) {
      const gone = response.status === 404 || response.status === 410
      throw new AppError(gone ? 'not-found' : 'unavailable', `${url}: HTTP ${response.status}`)
    }
    const text = await response.text()
    if (text.length > URL_BYTES_MAX) throw new AppError('too-large', `${url}: more than ${URL_BYTES_MAX} bytes`)
    return text
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    const why = abort.signal.aborted ? `no answer in ${URL_WITHIN_MS / 1_000} s` : reasonOf(thrown)
    throw new AppError('unavailable', `${url} cannot be read: ${why}`, { cause: thrown })
  } finally {
    cancel()
  }
}

/** `fetch failed` says nothing; what it failed of is its cause, which for a host with several addresses has a code only. */
function reasonOf(thrown: unknown): string {
  const { cause, message } = thrown as { cause?: { code?: string; message?: string }; message?: string }
  return cause?.message || cause?.code || message || String(thrown)
}
