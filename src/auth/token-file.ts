import { readFileSync } from 'node:fs'
import { AppError } from '../base/errors.js'

/**
 * The token in a file, for reading it anew whenever it is needed: an external secret store rewrites it. Whatever surrounds
 * the token and cannot be part of one (white space, control characters, a byte order mark) is cut off.
 * Throws `invalid-argument` for a file that is empty or cannot be read, and for a path with `..` in it, as Kuma.
 */
export function readTokenFile(path: string, what: string): string {
  checkTokenPath(path, what)
  const token = readText(path, what).replace(UNPRINTABLE_ENDS, '')
  if (token === '') throw new AppError('invalid-argument', `${path}, the file of ${what}, is empty`)
  return token
}

export function checkTokenPath(path: string, what: string): void {
  if (!path.split(/[/\\]/).includes('..')) return
  throw new AppError('invalid-argument', `the path of ${what} must not contain "..": ${path}`)
}

const UNPRINTABLE_ENDS = /^[\s\p{C}]+|[\s\p{C}]+$/gu

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read ${what} from ${path}`, { cause })
  }
}
