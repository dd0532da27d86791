import { type Io, plain, type TerminalSize } from '../../../src/cli/io.js'

/** Keeps what a command says. */
export class FakeIo implements Io {
  readonly outLines: string[] = []
  readonly errLines: string[] = []
  readonly paint = plain
  input = ''

  out(text: string): void {
    this.outLines.push(...text.split('\n'))
  }

  err(text: string): void {
    this.errLines.push(...text.split('\n'))
  }

  readonly drawn: string[] = []
  size: TerminalSize | undefined

  draw(text: string): void {
    this.drawn.push(text)
  }

  terminal(): TerminalSize | undefined {
    return this.size
  }

  async readInput(): Promise<string> {
    return this.input
  }
}
