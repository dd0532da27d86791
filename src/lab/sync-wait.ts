import { type Clock, sleep } from '../base/clock.js'
import type { Laggard, SyncedAnswer } from '../insights/sync-report.js'
import { placeOf } from './components.js'

/** A process that can say when its peers are in sync; the fewest methods that the wait needs. */
export interface SyncWitness {
  readonly name: string
  /** That it is in; undefined for the global, whose laggards say theirs. */
  readonly tenant: string | undefined
  answers(timeoutMs: number): Promise<boolean>
  untilSynced(timeoutMs: number): Promise<SyncedAnswer>
}

export interface SyncWitnesses {
  /** Knows of the zones; undefined when the global is somebody else's. */
  readonly global: (SyncWitness & { zonesSeen(timeoutMs: number): Promise<ReadonlySet<string>> }) | undefined
  /** Each knows of its sidecars that are connected. */
  readonly zones: readonly SyncWitness[]
  /** Each knows which of its sidecars are. */
  readonly fleets: readonly (SyncWitness & { readonly zone: string })[]
  /** Should run and does not: stopped, killed or dead. */
  readonly absent: readonly Laggard[]
}

/** What is said of a process that runs and cannot be asked. */
export const SILENT = 'does not answer: stopped, paused or overloaded'

/** How often a zone that has never connected is looked for. */
const LOOK_EVERY_MS = 50

/**
 * Waits until every zone, and after it every sidecar, has acknowledged what was newest for it at the beginning.
 * First the zones, then their sidecars: a zone knows what is newest for its sidecars only once it has it.
 * A zone that does not answer is a laggard even if the global has nothing new for it.
 */
export async function untilSynced(witnesses: SyncWitnesses, timeoutMs: number, clock: Clock): Promise<SyncedAnswer> {
  const deadlineMs = clock.monotonicMs() + timeoutMs
  const left = () => Math.max(0, deadlineMs - clock.monotonicMs())
  const { global, zones, fleets, absent } = witnesses
  const [ofZones, silent] = await Promise.all([
    global ? afterZonesAreSeen(global, zones, left, clock) : [],
    whoIsSilent([...zones, ...fleets], left()),
  ])
  const gone = new Set([...absent, ...silent].map(({ tenant, component }) => placeOf(tenant, component)))
  const speaking = ({ tenant, name }: SyncWitness) => !gone.has(placeOf(tenant, name))
  // Of a zone that is away every sidecar would say the same, which is not news.
  const ofFleets = await Promise.all(
    fleets
      .filter((fleet) => speaking(fleet) && !gone.has(placeOf(fleet.tenant, fleet.zone)))
      .map((fleet) => ask(fleet, left())),
  )
  const ofSidecars = await Promise.all(zones.filter(speaking).map((zone) => ask(zone, left())))
  const laggards = distinct([...absent, ...silent, ...ofZones, ...ofFleets.flat(), ...ofSidecars.flat()])
  return { synced: laggards.length === 0, laggards }
}

/** A zone that has not been there since the global was made is not among those that the global waits for. */
async function afterZonesAreSeen(
  global: NonNullable<SyncWitnesses['global']>,
  zones: readonly SyncWitness[],
  left: () => number,
  clock: Clock,
): Promise<readonly Laggard[]> {
  for (;;) {
    const seen = await global.zonesSeen(left()).catch(() => new Set<string>())
    const missing = zones.filter(({ tenant, name }) => !seen.has(placeOf(tenant, name)))
    if (missing.length === 0) return ask(global, left())
    if (left() === 0) return missing.map((zone) => wholly(zone, 'has never connected to the global'))
    await sleep(clock, Math.min(LOOK_EVERY_MS, left()))
  }
}

async function ask(witness: SyncWitness, timeoutMs: number): Promise<readonly Laggard[]> {
  try {
    const { laggards } = await witness.untilSynced(timeoutMs)
    return laggards.map((laggard) => ({ ...laggard, tenant: laggard.tenant ?? witness.tenant }))
  } catch (thrown) {
    return [wholly(witness, (thrown as Error).message)]
  }
}

async function whoIsSilent(witnesses: readonly SyncWitness[], timeoutMs: number): Promise<Laggard[]> {
  const answers = await Promise.all(witnesses.map((witness) => witness.answers(timeoutMs)))
  return witnesses.filter((_witness, index) => !answers[index]).map((witness) => wholly(witness, SILENT))
}

function wholly({ name, tenant }: SyncWitness, why: string): Laggard {
  return { component: name, tenant, type: undefined, why }
}

/** A zone may be named by the global and by the lab; once with each reason is enough. */
function distinct(laggards: readonly Laggard[]): Laggard[] {
  const said = ({ tenant, component, type, why }: Laggard) => `${placeOf(tenant, component)} ${type} ${why}`
  return [...new Map(laggards.map((laggard) => [said(laggard), laggard])).values()]
}
