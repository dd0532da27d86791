import { AppError } from './errors.js'

/** States what must hold if our own code is right; the world's failures are AppErrors with other codes. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError('internal', `broken invariant: ${message}`)
}

/** Ends an exhaustive switch: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new AppError('internal', `unreachable case: ${JSON.stringify(value)}`)
}
