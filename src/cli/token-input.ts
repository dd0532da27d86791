import { readFileSync } from 'node:fs'
import { AppError } from '../base/errors.js'
import type { Argument, Context, Flag, Input } from './command.js'

/** A token as commands take it: never from the command line, which others on the machine can read, unless that is meant. */
export const TOKEN_ARGUMENT: Argument = { name: 'file', doc: 'File with the token; `-` or nothing: standard input' }

export const LITERAL_FLAGS: readonly Flag[] = [
  { name: 'token', value: 'TOKEN', doc: 'The token itself; with --insecure-literal only' },
  { name: 'insecure-literal', doc: 'Take --token, though other users of this machine can see it' },
]

/** Throws `guard-rail`, `invalid-argument`. */
export async function readTokenInput({ io }: Context, input: Input): Promise<string> {
  const literal = input.text('token')
  if (literal !== undefined) {
    if (input.switch('insecure-literal')) return literal.trim()
    throw new AppError(
      'guard-rail',
      'a token on the command line is in the list of processes for all to see: give a file or standard input, or add --insecure-literal',
    )
  }
  const [file = '-'] = input.args
  const token = (file === '-' ? await io.readInput() : readNamed(file)).trim()
  if (token === '') throw new AppError('invalid-argument', `${file === '-' ? 'standard input' : file} holds no token`)
  return token
}

/** Throws `invalid-argument` that names the file. */
export function readNamed(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
