import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withChildren } from '../child.js'
import { systemTime } from '../open-loop.js'
import { meshWide } from '../propagation/change.js'
import { PROCESSES, sizeOf, Tiers } from '../propagation/tiers.js'
import { type Report, runBench } from '../report.js'
import { write } from '../rest.js'
import { estimate, median, quantile, ratios } from '../statistics.js'
import { allAnswers } from './answers.js'
import { Relay } from './relay.js'
import type { Sizes } from './sizes.js'

/** One change that alters every sidecar of every zone, every 5 s: from the instant that it was due to the last ACK. */
const SIZE = sizeOf(process.argv[2], { zones: 100, sidecars: 50 })
const RECIPIENTS = SIZE.zones * SIZE.sidecars
const EVERY_MS = 5_000
const CHANGES = 6
/** On a busy machine fewer are made. */
const CHANGES_WITHIN_MS = 45_000
const CHANGES_MIN = 3
const SETTLE_MS = 3_000
/** Changes of which the sizes of messages are told. */
const SIZED = 3

await runBench(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-bench-'))
  const tiers = new Tiers(PROCESSES)
  const relay = new Relay(SIZE)
  try {
    return await withChildren([...relay.children, ...tiers.children], async () => {
      const startMs = systemTime.nowMs()
      const port = await tiers.start(join(folder, 'store.db'), SIZE)
      const startSeconds = (systemTime.nowMs() - startMs) / 1e3
      const ours = ourTurn(tiers, port)
      const sizes = await sizesSeen(tiers, ours)
      await relay.start(sizes)
      await relay.turn()
      const lasts = await turns(ours, () => relay.turn())
      return report(lasts, sizes, startSeconds)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

type Turn = () => Promise<readonly number[]>

/** One change: ms from when it was due to each sidecar's ACK, the last one last. */
function ourTurn(tiers: Tiers, port: number): Turn {
  let number = 0
  return async () => {
    number += 1
    const dueMs = systemTime.nowMs()
    void write(port, meshWide(number))
    const seen = new Set<string>()
    return allAnswers(SIZE, dueMs, async () => {
      const had = (await tiers.take()).filter((each) => each.number === number && !seen.has(each.sidecar))
      const firsts = new Map(had.toReversed().map(({ sidecar, atMs }) => [sidecar, atMs]))
      for (const sidecar of firsts.keys()) seen.add(sidecar)
      return [...firsts.values()]
    })
  }
}

/** The first change settles what is cold; of the next ones the kernel's least counts of the sidecars' processes tell the sizes. */
async function sizesSeen(tiers: Tiers, turn: Turn): Promise<Sizes> {
  await turn()
  await systemTime.sleep(SETTLE_MS)
  const counts = async () => {
    const all = await Promise.all(tiers.sidecars.map((child) => child.bytes()))
    return { read: total(all.map(({ read }) => read)), written: total(all.map(({ written }) => written)) }
  }
  const seen: Sizes[] = []
  for (let change = 0; change < SIZED; change += 1) {
    const before = await counts()
    await turn()
    const after = await counts()
    const each = (bytes: number) => Math.round(bytes / RECIPIENTS)
    seen.push({ down: each(after.read - before.read), answer: each(after.written - before.written) })
  }
  return { down: Math.min(...seen.map(({ down }) => down)), answer: Math.min(...seen.map(({ answer }) => answer)) }
}

interface Lasts {
  readonly ours: number[]
  readonly relay: number[]
  readonly oursMedian: number[]
}

/** Pair by pair, ours first and relay first in turn. */
async function turns(ours: Turn, relay: Turn): Promise<Lasts> {
  const lasts: Lasts = { ours: [], relay: [], oursMedian: [] }
  const takeOurs = async () => {
    const answers = await ours()
    lasts.ours.push(answers.at(-1) ?? Number.NaN)
    lasts.oursMedian.push(median(answers))
  }
  const takeRelay = async () => void lasts.relay.push((await relay()).at(-1) ?? Number.NaN)
  const startMs = systemTime.nowMs()
  for (let change = 0; change < CHANGES; change += 1) {
    if (change >= CHANGES_MIN && systemTime.nowMs() - startMs > CHANGES_WITHIN_MS) break
    const dueMs = systemTime.nowMs() + EVERY_MS
    const order = change % 2 === 0 ? [takeOurs, takeRelay] : [takeRelay, takeOurs]
    for (const take of order) await take()
    await systemTime.sleep(dueMs - systemTime.nowMs())
  }
  return lasts
}

function report(lasts: Lasts, sizes: Sizes, startSeconds: number): Report {
  const against = { ours: median(lasts.ours), peer: median(lasts.relay), unit: 'ms' }
  return {
    bars: [
      {
        what: `s from a mesh-wide change to the last ACK of ${RECIPIENTS} sidecars in ${SIZE.zones} zones`,
        value: estimate(lasts.ours.map((ms) => ms / 1e3)),
        atMost: 2,
      },
      {
        what: 'last ACK over a bare two-hop node:http2 relay',
        value: estimate(ratios(lasts.ours, lasts.relay)),
        against,
        atMost: 3,
      },
    ],
    figures: {
      'ms to the last ACK, the slowest change': quantile(lasts.ours, 1),
      'ms to the median ACK': median(lasts.oursMedian),
      'ms to the last ACK, relay, the slowest change': quantile(lasts.relay, 1),
      'bytes to a sidecar for a change': sizes.down,
      'bytes from a sidecar': sizes.answer,
      changes: lasts.ours.length,
      's until every sidecar had a configuration': startSeconds,
    },
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
