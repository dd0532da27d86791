import { sleep } from '../base/clock.js'
import type { Context, Input } from './command.js'
import { EXIT } from './exit-codes.js'

const EVERY_MS = 1_000
const CLEAR_SCREEN = '\u001b[H\u001b[2J'

/** Prints once, or with `-w` until Ctrl-C: on a terminal in place, elsewhere one below the other. */
export async function watching(context: Context, input: Input, print: () => Promise<void>): Promise<number> {
  const watch = input.switch('watch')
  do {
    if (watch && context.io.isTerminal) context.io.draw(CLEAR_SCREEN)
    await print()
    if (watch) await sleep(context.clock, EVERY_MS, context.signal).catch(() => undefined)
  } while (watch && !context.signal.aborted)
  return watch ? (context.signal.reason as number) : EXIT.ok
}
