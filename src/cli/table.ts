export interface Column<T> {
  readonly header: string
  readonly value: (row: T) => string
  /** Shown by `-o wide` only. */
  readonly wide?: boolean
}

const GAP = '   '
const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

/** Borderless, headers in capitals, columns as wide as what is in them. The last one is not padded. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], wide = false): string {
  const shown = columns.filter((column) => wide || !column.wide)
  const lines = [
    shown.map(({ header }) => header),
    ...rows.map((row) => shown.map((column) => column.value(row) || '-')),
  ]
  const widths = shown.map((_column, index) => Math.max(...lines.map((line) => visibleLength(line[index] ?? ''))))
  return lines
    .map((line) =>
      line
        .map((cell, index) => pad(cell, widths[index] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - visibleLength(cell))
}

/** As much of a line as fits into so many columns, with the colours that it has. */
export function clipped(line: string, columns: number): string {
  if (visibleLength(line) <= columns) return line
  let room = columns - 1
  const parts = line.split(new RegExp(`(${ESCAPES.source})`))
  const kept = parts.map((part, index) => {
    if (index % 2 === 1) return part
    const shown = part.slice(0, room)
    room -= shown.length
    return shown
  })
  return `${kept.join('')}…`
}

/** Colours take no room. */
export function visibleLength(text: string): number {
  return text.replaceAll(ESCAPES, '').length
}
