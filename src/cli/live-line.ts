import { ZONE_PROXY } from '../lab/fleet.js'
import type { Context } from './command.js'
import type { LabAccess } from './lab-access.js'
import { sidecarSyncs, zoneSyncs } from './lab-status.js'
import { clipped } from './table.js'

/** Often enough to see a kill happen, seldom enough to cost nothing. */
const EVERY_MS = 2_000
const CLEAR_LINE = '\r\u001b[2K'

/** One line below the banner that says how the lab is; only on a terminal. Returns what ends it. */
export function liveLine(lab: () => LabAccess, context: Context): () => void {
  if (!context.io.terminal()) return () => {}
  let ended = false
  let cancel = () => {}
  const draw = async () => {
    const line = await summary(lab(), context)
    if (ended) return
    const columns = context.io.terminal()?.columns ?? line.length
    context.io.draw(`${CLEAR_LINE}${context.io.paint('dim', clipped(`  ${line}`, columns - 1))}`)
    cancel = context.clock.after(EVERY_MS, () => void draw())
  }
  void draw()
  return () => {
    ended = true
    cancel()
    context.io.draw(CLEAR_LINE)
  }
}

async function summary(lab: LabAccess, context: Context): Promise<string> {
  try {
    const [zones, sidecars] = await Promise.all([zoneSyncs(lab, context), sidecarSyncs(lab, context)])
    const synced = (list: readonly { state: string }[]) => list.filter(({ state }) => state === 'SYNCED').length
    const total = lab.view.totals.dataplanes
    const own = sidecars.filter(({ name }) => name !== ZONE_PROXY)
    return `zones in sync ${synced(zones)}/${lab.view.totals.zones} · sidecars in sync ${synced(own)}/${total} · Ctrl-C stops`
  } catch {
    return 'the global does not answer · Ctrl-C stops'
  }
}
