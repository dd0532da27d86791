import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../base/errors.js'

/** For the owner alone: what lies in a lab's directory may be a credential. */
const FILE_MODE = 0o600
const DIR_MODE = 0o700

/**
 * With its parents, one by one: Node's own recursion never ends below a directory that takes none, such as /proc.
 * Throws `invalid-argument` where none can be, and `store-full`.
 */
export function makePrivateDir(path: string): void {
  if (isDirectory(path)) return
  if (dirname(path) !== path) makePrivateDir(dirname(path))
  try {
    mkdirSync(path, { mode: DIR_MODE })
  } catch (thrown) {
    // Another process may have been quicker.
    if (!isDirectory(path)) throw refusal(`the directory ${path}`, thrown)
  }
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}

/**
 * Whole or not at all: readers see the old text or the new one, whatever happens meanwhile.
 * Throws `store-full`, and `invalid-argument` for what else keeps it from being written.
 */
export function writePrivateFile(path: string, text: string): void {
  makePrivateDir(dirname(path))
  const draft = `${path}.${process.pid}.tmp`
  try {
    const fd = openSync(draft, 'w', FILE_MODE)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, path)
  } catch (thrown) {
    rmSync(draft, { force: true })
    throw refusal(path, thrown)
  }
}

function refusal(what: string, cause: unknown): AppError {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('store-full', `no space is left to write ${what}`, { cause })
  }
  return new AppError('invalid-argument', `${what} cannot be written (${code}); XDG_DATA_HOME says where labs are`, {
    cause,
  })
}

/** Undefined when there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

/** A secret of 256 bits, made once and kept. */
export function keptSecret(path: string): string {
  const kept = readIfThere(path)?.trim()
  if (kept) return kept
  const made = randomBytes(32).toString('base64url')
  writePrivateFile(path, `${made}\n`)
  return made
}
