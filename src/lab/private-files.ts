import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** For the owner alone: what lies in a lab's directory may be a credential. */
const FILE_MODE = 0o600
const DIR_MODE = 0o700

export function makePrivateDir(path: string): void {
  mkdirSync(path, { recursive: true, mode: DIR_MODE })
}

/** Whole or not at all: readers see the old text or the new one, whatever happens meanwhile. */
export function writePrivateFile(path: string, text: string): void {
  makePrivateDir(dirname(path))
  const draft = `${path}.${process.pid}.tmp`
  const fd = openSync(draft, 'w', FILE_MODE)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(draft, path)
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
