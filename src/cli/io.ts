/** A command's way to its user. Results go to `out`, everything else to `err`, so that output can be piped. */
export interface Io {
  /** One line, or several with newlines between. */
  out(text: string): void
  err(text: string): void
  /** As it is, without a newline: for lines and screens that are drawn anew. */
  draw(text: string): void
  /** Of standard output, now; undefined when it is no terminal: then live lines and screens make no sense. */
  terminal(): TerminalSize | undefined
  readonly paint: Paint
  /** All of standard input. */
  readInput(): Promise<string>
}

export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim'
export type Paint = (colour: Colour, text: string) => string

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  bold: [1, 22],
  dim: [2, 22],
}

export const plain: Paint = (_colour, text) => text

export const ansi: Paint = (colour, text) => {
  const [on, off] = CODES[colour]
  return `\u001b[${on}m${text}\u001b[${off}m`
}

/** https://no-color.org and its opposite; else colour is for terminals. */
export function paintFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  if (env.NO_COLOR) return plain
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return ansi
  return isTerminal && env.TERM !== 'dumb' ? ansi : plain
}

/** A terminal that does not know its size is as large as they used to be. */
function sizeOf({ rows, columns }: NodeJS.WriteStream): TerminalSize {
  return { rows: rows || 24, columns: columns || 80 }
}

export function processIo(env: Readonly<Record<string, string | undefined>>): Io {
  const isTerminal = process.stdout.isTTY === true
  // A reader that has enough (`| head`) is no error.
  process.stdout.on('error', () => process.exit(0))
  // A log on a full disk loses lines; the lab that writes it goes on.
  process.stderr.on('error', () => {})
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    draw: (text) => process.stdout.write(text),
    terminal: () => (isTerminal ? sizeOf(process.stdout) : undefined),
    paint: paintFor(isTerminal, env),
    async readInput() {
      const chunks: Buffer[] = []
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).toString()
    },
  }
}
