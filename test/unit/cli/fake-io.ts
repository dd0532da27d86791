import { type Io, plain } from '../../../src/cli/io.js'

/** Keeps what a command says. */
export class FakeIo implements Io {
  readonly outLines: string[] = []
  readonly errLines: string[] = []
  readonly isTerminal = false
  readonly paint = plain
  input = ''

  out(text: string): void {
    this.outLines.push(...text.split('\n'))
  }

  err(text: string): void {
    this.errLines.push(...text.split('\n'))
  }

  draw(): void {}

  async readInput(): Promise<string> {
    return this.input
  }
}
