import { AppError } from '../base/errors.js'

const NEWLINE = 0x0a

/**
 * Cuts a byte stream into its lines, whatever the pieces in which it arrives. A line of more than `bytesMax` is an error,
 * so that a peer that never ends one takes no memory.
 */
export class LineReader {
  readonly #bytesMax: number
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  #begun: Uint8Array[] = []
  #begunBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The lines that this piece completes, without their ends. Throws `too-large` or `undecodable`. */
  push(piece: Uint8Array): readonly string[] {
    const lines: string[] = []
    let from = 0
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, from)) {
      this.#begin(piece.subarray(from, end))
      lines.push(this.#complete())
      from = end + 1
    }
    if (from < piece.length) this.#begin(piece.subarray(from))
    return lines
  }

  #begin(bytes: Uint8Array): void {
    this.#begunBytes += bytes.length
    if (this.#begunBytes > this.#bytesMax) throw new AppError('too-large', `a line is over ${this.#bytesMax} bytes`)
    this.#begun.push(bytes)
  }

  #complete(): string {
    const bytes = this.#begun.length === 1 ? this.#begun[0] : Buffer.concat(this.#begun)
    this.#begun = []
    this.#begunBytes = 0
    try {
      return this.#utf8.decode(bytes)
    } catch (cause) {
      throw new AppError('undecodable', 'a line is not UTF-8', { cause })
    }
  }
}
