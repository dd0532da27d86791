import { type Html, html } from '../report/html.js'

/** One line of a plot; its colour is one of the page's own, so that it is seen in light and dark. */
export interface Series {
  readonly name: string
  readonly colour: Colour
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly dashed?: boolean
  /** Its points are marked, and no line goes through them. */
  readonly dots?: boolean
}

export type Colour = 'link' | 'good' | 'unsure' | 'bad' | 'quiet'

export interface Axis {
  readonly label: string
  /** Where there is a mark, and what it says. */
  readonly ticks: readonly (readonly [at: number, text: string])[]
  readonly min: number
  readonly max: number
  readonly scale: 'linear' | 'log'
}

export interface Band {
  readonly from: number
  readonly to: number
  readonly label: string
}

export interface Plot {
  /** What it shows, in words, for those who do not see it. */
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  /** Spans of x that stand out. */
  readonly bands?: readonly Band[]
}

const WIDTH = 860
const HEIGHT = 320
const MARGIN = { left: 74, right: 16, top: 16, bottom: 46 }
const FRAME = { x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }

/** A line plot with a legend below it, as one SVG that needs nothing else. */
export function linePlot({ title, x, y, series, bands = [] }: Plot): Html {
  const atX = (value: number) => place(x, value, FRAME.x1, FRAME.x2)
  const atY = (value: number) => place(y, value, FRAME.y2, FRAME.y1)
  return html`<figure>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}" width="100%">
${bands.map((band) => bandOf(band, atX))}
${y.ticks.map(
  ([
    at,
    text,
  ]) => html`<line x1="${FRAME.x1}" x2="${FRAME.x2}" y1="${px(atY(at))}" y2="${px(atY(at))}" style="stroke:var(--line)"/>
<text x="${FRAME.x1 - 8}" y="${px(atY(at) + 4)}" text-anchor="end" style="${LABEL}">${text}</text>
`,
)}
${x.ticks.map(
  ([
    at,
    text,
  ]) => html`<line x1="${px(atX(at))}" x2="${px(atX(at))}" y1="${FRAME.y2}" y2="${FRAME.y2 + 5}" style="stroke:var(--quiet)"/>
<text x="${px(atX(at))}" y="${FRAME.y2 + 19}" text-anchor="middle" style="${LABEL}">${text}</text>
`,
)}
<line x1="${FRAME.x1}" x2="${FRAME.x2}" y1="${FRAME.y2}" y2="${FRAME.y2}" style="stroke:var(--quiet)"/>
<text x="${(FRAME.x1 + FRAME.x2) / 2}" y="${HEIGHT - 6}" text-anchor="middle" style="${LABEL}">${x.label}</text>
<text x="14" y="${(FRAME.y1 + FRAME.y2) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(FRAME.y1 + FRAME.y2) / 2})" style="${LABEL}">${y.label}</text>
${series.map((one) => lineOf(one, atX, atY))}
</svg>
<figcaption>${series.map(legend)}</figcaption>
</figure>`
}

const LABEL = 'fill:var(--quiet);font-size:12px'

function bandOf({ from, to, label }: Band, atX: (value: number) => number): Html {
  const [x1, x2] = [atX(from), atX(to)]
  return html`<rect x="${px(x1)}" y="${FRAME.y1}" width="${px(Math.max(2, x2 - x1))}" height="${FRAME.y2 - FRAME.y1}" style="fill:var(--unsure-soft)"/>
<text x="${px(x1 + 4)}" y="${FRAME.y1 + 13}" style="fill:var(--unsure);font-size:12px">${label}</text>
`
}

function lineOf(
  { colour, points, dashed, dots }: Series,
  atX: (value: number) => number,
  atY: (value: number) => number,
): Html {
  const path = points.map(([x, y]) => `${px(atX(x))},${px(atY(y))}`).join(' ')
  const dashes = dashed ? ';stroke-dasharray:5 4' : ''
  if (points.length === 1 || dots) {
    const radius = dots ? 5 : 3
    return html`${points.map(([x, y]) => html`<circle cx="${px(atX(x))}" cy="${px(atY(y))}" r="${radius}" style="fill:var(--${colour})"/>\n`)}`
  }
  return html`<polyline points="${path}" style="fill:none;stroke:var(--${colour});stroke-width:2${dashes}"/>\n`
}

function legend({ name, colour, dashed }: Series): Html {
  const dashes = dashed ? ';stroke-dasharray:4 3' : ''
  return html`<span class="quiet" style="margin-right:1.25rem;white-space:nowrap"><svg width="22" height="8" aria-hidden="true"><line x1="0" x2="22" y1="4" y2="4" style="stroke:var(--${colour});stroke-width:3${dashes}"/></svg> ${name}</span>\n`
}

/** What lies outside is drawn at the edge. */
function place({ min, max, scale }: Axis, value: number, from: number, to: number): number {
  const at = (number: number) => (scale === 'log' ? Math.log10(Math.max(number, Number.MIN_VALUE)) : number)
  const share = max === min ? 0.5 : (at(value) - at(min)) / (at(max) - at(min))
  return from + Math.min(1, Math.max(0, share)) * (to - from)
}

/** A tenth of a pixel is finer than anybody sees. */
function px(value: number): number {
  return Math.round(value * 10) / 10
}

/** A logarithmic axis of milliseconds that holds all of the values. */
export function millisecondAxis(values: readonly number[], label: string): Axis {
  const positive = values.filter((value) => value > 0)
  const low = Math.floor(Math.log10(positive.length === 0 ? 1 : Math.min(...positive)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(1, ...positive))))
  const decades = Array.from({ length: high - low + 1 }, (_, place) => 10 ** (low + place))
  return {
    label,
    scale: 'log',
    min: decades[0] ?? 1,
    max: decades.at(-1) ?? 10,
    ticks: decades.map((ms) => [ms, ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`]),
  }
}

/** Whole numbers from 0 on, with about eight marks. */
export function countAxis(max: number, label: string): Axis {
  const raw = Math.max(1, max) / 8
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw
  const ticks = Array.from({ length: Math.floor(max / step) + 1 }, (_, place): [number, string] => [
    place * step,
    String(Math.round(place * step * 100) / 100),
  ])
  return { label, scale: 'linear', min: 0, max: Math.max(1, max), ticks }
}
