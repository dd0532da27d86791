import type { Clock } from '../base/clock.js'
import { LatencyHistogram } from '../load/histogram.js'
import type { IntervalLine, RunLine } from '../load/run-lines.js'
import { bytes, milliseconds } from '../load/text-report.js'
import type { Io } from './io.js'
import { plural } from './quantities.js'
import { clipped } from './table.js'

const CLEAR_LINE = '\r\u001b[2K'
/** Without a terminal a line this often is enough to see that it goes on. */
const PLAIN_EVERY_MS = 5_000

/** What a run shows while it goes: on a terminal a block that is drawn anew each second, else a line now and then. */
export class LoadScreen {
  readonly #io: Io
  readonly #clock: Clock
  readonly #what: { readonly zoneNames: readonly string[]; readonly name: string }
  readonly #all = LatencyHistogram.empty()
  readonly #allSidecars = LatencyHistogram.empty()
  #written = 0
  #dropped = 0
  #drawn = 0
  #shownMs = Number.NEGATIVE_INFINITY

  constructor(io: Io, clock: Clock, what: { readonly zoneNames: readonly string[]; readonly name: string }) {
    this.#io = io
    this.#clock = clock
    this.#what = what
  }

  show(line: RunLine): void {
    switch (line.kind) {
      case 'interval':
        this.#interval(line)
        break
      case 'fault':
        this.#say(
          `fault ${line.id}: ${line.fault} on ${plural(line.zones, 'zone')}${line.failed ? `: ${line.failed}` : ''}`,
        )
        break
      case 'leftover':
        this.#say(`left: ${line.what}; remove it with: ${line.command}`)
        break
      default:
        break
    }
  }

  /** Nothing is drawn over any more. */
  end(): void {
    this.#clear()
  }

  #interval(line: IntervalLine): void {
    this.#all.add(LatencyHistogram.decode(line.latency.zone))
    this.#allSidecars.add(LatencyHistogram.decode(line.latency.sidecar))
    // Those before the load make what it writes.
    if (line.phase === 'load' || line.phase === 'settle') this.#written += line.writes.accepted
    this.#dropped += line.writes.dropped
    const nowMs = this.#clock.monotonicMs()
    const screen = this.#io.terminal()
    if (!screen && nowMs - this.#shownMs < PLAIN_EVERY_MS) return
    this.#shownMs = nowMs
    const block = this.#block(line)
    if (!screen) {
      this.#io.err(block[0] ?? '')
      return
    }
    this.#clear()
    this.#io.draw(block.map((row) => clipped(row, screen.columns)).join('\n'))
    this.#drawn = block.length
  }

  #block(line: IntervalLine): string[] {
    const { name, zoneNames } = this.#what
    const row = (what: string, histogram: LatencyHistogram) => {
      const percentiles = [50, 90, 99, 100].map((percentile) => percentileOf(histogram, percentile).padStart(9))
      return `  ${what.padEnd(22)}${percentiles.join('  ')}`
    }
    const sidecars = this.#allSidecars.count > 0 ? [row('sidecar has it, all', this.#allSidecars)] : []
    const writer = line.generator[0]
    const lag = writer === undefined ? 0 : LatencyHistogram.decode(writer.lag).percentile(99)
    const slowest = [...line.slowest].sort(([, a], [, b]) => b - a)[0]
    const target = line.target.cpu === undefined ? '' : `  target ${Math.round(line.target.cpu * 100)} %`
    const [why] = Object.keys(line.losses)
    const lost = why === undefined ? '' : `  lost: ${why}`
    const head = `${name} ${line.phase} ${(line.atMs / 1_000).toFixed(0)}s  zones ${line.live}/${zoneNames.length}${line.sidecarsLive > 0 ? `  sidecars ${line.sidecarsLive}` : ''}  writes ${this.#written}${this.#dropped > 0 ? ` (${this.#dropped} dropped)` : ''}  p99 ${percentileOf(this.#all, 99)}${target}${lost}`
    return [
      head,
      `  ${'latency'.padEnd(22)}${['p50', 'p90', 'p99', 'max'].map((word) => word.padStart(9)).join('  ')}`,
      row('zone has it, now', LatencyHistogram.decode(line.latency.zone)),
      row('zone has it, all', this.#all),
      ...sidecars,
      `  to zones ${bytes(line.wire.bytesIn)}/s in ${line.wire.messagesIn} messages`,
      `  slowest ${slowest === undefined ? 'none' : `${zoneNames[slowest[0]]} ${milliseconds(slowest[1])}`}   writer lag p99 ${milliseconds(lag)}`,
    ]
  }

  #say(text: string): void {
    this.#clear()
    this.#io.err(text)
  }

  #clear(): void {
    if (this.#drawn === 0) return
    this.#io.draw(CLEAR_LINE + '\u001b[1A\u001b[2K'.repeat(this.#drawn - 1))
    this.#drawn = 0
  }
}

/** Of no samples there is none: 0 would be a lie. */
function percentileOf(histogram: LatencyHistogram, percentile: number): string {
  return histogram.count === 0 ? '–' : milliseconds(histogram.percentile(percentile))
}
