import { systemClock } from '../../../src/base/clock.js'
import { ApiClient } from '../../../src/lab/api-client.js'
import type { Crew } from '../../../src/load/crew-orders.js'
import { type LoadResult, loadResult } from '../../../src/load/load-result.js'
import { LoadRun } from '../../../src/load/load-run.js'
import { planLoad } from '../../../src/load/plan.js'
import type { RunLine } from '../../../src/load/run-lines.js'
import { parseScenario, type Scenario } from '../../../src/load/scenario.js'
import type { LoadTarget } from '../../../src/load/target.js'
import { TargetWatch } from '../../../src/load/target-watch.js'
import { ZoneCrew } from '../../../src/load/zone-crew.js'
import { makeMember } from '../../../src/load/zone-member.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { startLine } from '../../unit/load/run-lines.js'
import type { RunningGlobal } from '../kds/control-planes.js'

/** A scenario that is over in a few seconds. */
export function tiny(text = ''): Scenario {
  return parseScenario(
    `kind: Scenario
name: tiny
ramp: { zones: 100/s, hold: 0ms }
load: { writes: 20/s, duration: 1s, warmup: 0ms, resources: 3, size: 256B }
quietTail: 100ms
${text}`,
    'tiny.yaml',
  )
}

/** `ask` is how its API is called. */
export function targetOf(global: RunningGlobal, ask: typeof fetch = fetch): LoadTarget {
  const url = `http://127.0.0.1:${global.endpoints.apiHttp}`
  const api = () =>
    new ApiClient({ url, name: 'global', token: () => undefined, tenant: undefined, fetch: ask }, systemClock)
  return {
    name: 'a global of the test',
    address: global.address,
    trust: { kind: 'plaintext' },
    tenants: [DEFAULT_TENANT],
    api,
    zoneToken: async () => undefined,
    metricsUrl: undefined,
    pid: undefined,
    diagnostics: undefined,
    restart: undefined,
    intervals: undefined,
  }
}

export interface RigOptions {
  readonly target: LoadTarget
  readonly scenario: Scenario
  /** Instead of zones of the scenario's tier. */
  readonly crew?: Crew
  readonly liveWithinMs?: number
  /** Called with each line; aborting ends the run as Ctrl-C does. */
  readonly onLine?: (line: RunLine, abort: AbortController) => void
}

/** One run, its zones in this process. */
export async function runIn({
  target,
  scenario,
  crew,
  liveWithinMs = 60_000,
  onLine,
}: RigOptions): Promise<LoadResult> {
  const plan = planLoad({ scenario, run: 'test01', tenants: [...target.tenants] })
  const zones = plan.zones.map(({ name }) => name)
  const lines: RunLine[] = [startLine({ scenario: JSON.parse(JSON.stringify(scenario)), zones })]
  const abort = new AbortController()
  const clock = systemClock
  const run = new LoadRun({
    scenario,
    plan,
    target,
    watch: new TargetWatch({ metricsUrl: undefined, pid: undefined, clock, fetch }),
    crews: [{ name: 'zones-1', crew: crew ?? new ZoneCrew(clock, makeMember) }],
    exported: [],
    clock,
    record: (line) => {
      lines.push(line)
      onLine?.(line, abort)
    },
    settleWithinMs: 2_000,
    liveWithinMs,
    cleanCommand: 'zonelab load clean test01',
    signal: abort.signal,
  })
  await run.run()
  return loadResult(lines)
}
