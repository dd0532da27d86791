import { type Html, html } from '../report/html.js'
import type { IntervalLine } from './run-lines.js'
import { milliseconds } from './text-report.js'

/** The slowest zones by name; of thousands nobody reads every row. */
const ROWS_MAX = 30
const COLUMNS_MAX = 120
const CELL = { width: 700, height: 14, left: 150 }

/** Each of the slowest zones over time: how slow its slowest arrival was. The last row is of all the others together. */
export function heatMap(zones: readonly string[], load: readonly IntervalLine[]): Html {
  const slowest = new Map<number, number>()
  for (const { slowest: pairs } of load)
    for (const [zone, ms] of pairs) slowest.set(zone, Math.max(slowest.get(zone) ?? 0, ms))
  const order = [...slowest].sort(([, a], [, b]) => b - a).map(([zone]) => zone)
  const named = order.slice(0, ROWS_MAX)
  const columns = columnsOf(load)
  const highest = Math.max(1, ...slowest.values())
  const rows = [
    ...named.map((zone) => ({ name: zones[zone] ?? `zone ${zone}`, cells: columns.map((column) => column.get(zone)) })),
    ...(order.length > named.length
      ? [
          {
            name: `the other ${order.length - named.length}`,
            cells: columns.map((column) =>
              maxOf([...column].flatMap(([zone, ms]) => (named.includes(zone) ? [] : [ms]))),
            ),
          },
        ]
      : []),
  ]
  const height = rows.length * (CELL.height + 2)
  const width = CELL.width / Math.max(1, columns.length)
  return html`<figure><svg viewBox="0 0 ${CELL.left + CELL.width} ${height}" role="img" width="100%" aria-label="How slow each of the slowest zones was, over time">
${rows.map(
  (
    { name, cells },
    row,
  ) => html`<text x="${CELL.left - 8}" y="${row * (CELL.height + 2) + 11}" text-anchor="end" style="fill:var(--text);font-size:11px">${name}</text>
${cells.map((ms, column) => cell(ms, { x: CELL.left + column * width, y: row * (CELL.height + 2), width, highest, name }))}`,
)}
</svg>
<figcaption class="quiet">Fainter is faster, and empty is nothing to get; the strongest is ${milliseconds(highest)}. Each cell says its time when it is pointed at.</figcaption></figure>`
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly highest: number
  readonly name: string
}

/** On a logarithmic scale: twice as slow looks as different everywhere. */
function cell(ms: number | undefined, { x, y, width, highest, name }: Place): Html {
  if (ms === undefined) return html``
  const share = Math.log1p(ms) / Math.log1p(highest)
  const box = `x="${round(x)}" y="${y}" width="${round(Math.max(1, width - 0.5))}" height="${CELL.height}"`
  return html`<rect ${{ html: box }} style="fill:var(--bad);fill-opacity:${round(0.08 + 0.92 * share ** 2)}"><title>${name}: ${milliseconds(ms)}</title></rect>\n`
}

/** Neighbouring intervals are put together so that a long run fits. */
function columnsOf(load: readonly IntervalLine[]): ReadonlyMap<number, number>[] {
  const each = Math.max(1, Math.ceil(load.length / COLUMNS_MAX))
  return Array.from({ length: Math.ceil(load.length / each) }, (_, column) => {
    const cells = new Map<number, number>()
    for (const { slowest } of load.slice(column * each, (column + 1) * each)) {
      for (const [zone, ms] of slowest) cells.set(zone, Math.max(cells.get(zone) ?? 0, ms))
    }
    return cells
  })
}

function maxOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
