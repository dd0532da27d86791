import type { Io, Paint, TerminalSize } from './io.js'
import { clipped } from './table.js'

const HOME = '\u001b[H'
const CLEAR_TO_END_OF_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

/** What a command says, held back until it is drawn over the whole screen; what does not fit is cut and said to be. */
export class Page implements Io {
  readonly paint: Paint
  readonly #io: Io
  readonly #size: TerminalSize
  readonly #lines: string[] = []

  constructor(io: Io, size: TerminalSize) {
    this.#io = io
    this.#size = size
    this.paint = io.paint
  }

  out(text: string): void {
    this.#lines.push(...text.split('\n'))
  }

  err(text: string): void {
    this.out(text)
  }

  draw(text: string): void {
    this.#io.draw(text)
  }

  terminal(): TerminalSize {
    return this.#size
  }

  readInput(): Promise<string> {
    return this.#io.readInput()
  }

  /** The cursor ends below the last line: one row is left for it. */
  drawn(): string {
    const { rows, columns } = this.#size
    const fitting = Math.max(1, rows - 1)
    const hidden = this.#lines.length - fitting
    const lines =
      hidden <= 0
        ? this.#lines
        : [
            ...this.#lines.slice(0, fitting - 1),
            this.paint('dim', `${hidden + 1} more lines; a higher window shows them`),
          ]
    return `${HOME}${lines.map((line) => `${clipped(line, columns)}${CLEAR_TO_END_OF_LINE}\n`).join('')}${CLEAR_BELOW}`
  }
}
