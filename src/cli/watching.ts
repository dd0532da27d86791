import { sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { type Context, type Flag, type Input, LAB_FLAG, OUTPUT_FLAG, TENANT_FLAG } from './command.js'
import { EXIT } from './exit-codes.js'
import type { Io, TerminalSize } from './io.js'
import { Page } from './page.js'

/** Of the commands that can be watched. */
export const INSPECT_FLAGS: readonly Flag[] = [
  { name: 'watch', short: 'w', doc: 'Draw it again and again until Ctrl-C' },
  TENANT_FLAG,
  LAB_FLAG,
  OUTPUT_FLAG,
]

const EVERY_MS = 1_000

/**
 * Prints once, or with `-w` until Ctrl-C: on a terminal in place, elsewhere one below the other. Who watches sees things
 * end and come again: only the first print has to succeed.
 */
export async function watching(
  context: Context,
  input: Input,
  print: (context: Context) => Promise<void>,
): Promise<number> {
  if (!input.switch('watch')) {
    await print(context)
    return EXIT.ok
  }
  for (let first = true; !context.signal.aborted; first = false) {
    await draw(context.io, (io) => (first ? print({ ...context, io }) : printOrSay(print, { ...context, io })))
    await sleep(context.clock, EVERY_MS, context.signal).catch(() => undefined)
  }
  return context.signal.reason as number
}

async function printOrSay(print: (context: Context) => Promise<void>, context: Context): Promise<void> {
  try {
    await print(context)
  } catch (thrown) {
    const { code, message } = AppError.from(thrown)
    if (code !== 'unavailable') throw thrown
    context.io.err(message)
  }
}

/** A page is drawn when it is whole, so that a slow answer leaves no empty screen. */
async function draw(io: Io, print: (io: Io) => Promise<void>): Promise<void> {
  const size: TerminalSize | undefined = io.terminal()
  if (!size) return print(io)
  const page = new Page(io, size)
  await print(page)
  io.draw(page.drawn())
}
