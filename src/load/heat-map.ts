import { type Html, html } from '../report/html.js'
import type { IntervalLine } from './run-lines.js'
import { milliseconds } from './text-report.js'

/** The slowest zones by name; of thousands nobody reads every row. */
const ROWS_MAX = 30
const COLUMNS_MAX = 120
const CELL = { width: 700, height: 14, left: 150 }
/** For the times below the rows. */
const AXIS_HEIGHT = 20

/** Each of the slowest zones over time: how slow its slowest arrival was. The last row is of all the others together. */
export function heatMap(zones: readonly string[], load: readonly IntervalLine[]): Html {
  const slowest = new Map<number, number>()
  for (const { slowest: pairs } of load)
    for (const [zone, ms] of pairs) slowest.set(zone, Math.max(slowest.get(zone) ?? 0, ms))
  const order = [...slowest].sort(([, a], [, b]) => b - a).map(([zone]) => zone)
  const named = order.slice(0, ROWS_MAX)
  const columns = columnsOf(load)
  const seen = columns.filter(({ size }) => size > 0)
  // Column by column: all cells of a large run at once are more than a call takes.
  const scale = {
    low: Math.max(MS_MIN, Math.min(...seen.map((column) => Math.min(...column.values())))),
    high: Math.max(MS_MIN, ...slowest.values()),
  }
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
  const bottom = rows.length * (CELL.height + 2)
  const width = CELL.width / Math.max(1, columns.length)
  return html`<figure><svg viewBox="0 0 ${CELL.left + CELL.width} ${bottom + AXIS_HEIGHT}" role="img" width="100%" aria-label="How slow each of the slowest zones was, over time">
${rows.map(
  (
    { name, cells },
    row,
  ) => html`<text x="${CELL.left - 8}" y="${row * (CELL.height + 2) + 11}" text-anchor="end" style="fill:var(--text);font-size:11px">${name}</text>
${cells.map((ms, column) => cell(ms, { x: CELL.left + column * width, y: row * (CELL.height + 2), width, scale, name }))}`,
)}
${timesOf(load).map(([share, text, anchor]) => html`<text x="${round(CELL.left + share * CELL.width)}" y="${bottom + 14}" text-anchor="${anchor}" style="fill:var(--quiet);font-size:11px">${text}</text>\n`)}
</svg>
<figcaption class="quiet">Fainter is faster, and empty is nothing to get: from ${milliseconds(scale.low)} to ${milliseconds(scale.high)}, on a logarithmic scale. Each cell says its time when it is pointed at.</figcaption></figure>`
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly scale: { readonly low: number; readonly high: number }
  readonly name: string
}

/** No logarithm of nothing. */
const MS_MIN = 0.1

/** When the first and the last column are, and what is between them. */
function timesOf(load: readonly IntervalLine[]): readonly (readonly [share: number, text: string, anchor: string])[] {
  const [fromMs, toMs] = [load[0]?.atMs ?? 0, load.at(-1)?.atMs ?? 0]
  const at = (share: number) => `${((fromMs + share * (toMs - fromMs)) / 1_000).toFixed(0)} s`
  return [
    [0, at(0), 'start'],
    [0.5, `${at(0.5)} since the start of the run`, 'middle'],
    [1, at(1), 'end'],
  ]
}

/** On a logarithmic scale: twice as slow looks as different everywhere. */
function cell(ms: number | undefined, { x, y, width, scale, name }: Place): Html {
  if (ms === undefined) return html``
  const [at, low, high] = [Math.max(MS_MIN, ms), scale.low, scale.high].map(Math.log10) as [number, number, number]
  const share = high === low ? 1 : (at - low) / (high - low)
  const box = `x="${round(x)}" y="${y}" width="${round(Math.max(1, width - 0.5))}" height="${CELL.height}"`
  return html`<rect ${{ html: box }} style="fill:var(--bad);fill-opacity:${round(0.12 + 0.88 * share)}"><title>${name}: ${milliseconds(ms)}</title></rect>\n`
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
