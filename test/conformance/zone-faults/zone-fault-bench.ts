import { type Clock, systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import type { Controller } from '../../../src/conformance/controller.js'
import type { ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { PuppetZone } from './puppet-zone.js'
import { SOUND, type ZoneFault } from './zone-fault.js'

const SPEED = 5

/** Runs the suite against a puppet with this fault. `cases` are ids or beginnings of ids; none: all that there are. */
export function runZoneFault(
  { manners, speed = SPEED }: ZoneFault,
  cases: readonly string[],
): Promise<ConformanceResult> {
  const clock = fasterClock(speed)
  const controller: Controller = {
    exclusive: false,
    hooks: new Set(['start-zone', 'log']),
    start: () => Promise.reject(new Error('a puppet is a zone')),
    startZone: async (config) => PuppetZone.start(config, { ...SOUND, ...manners }, clock),
  }
  return new Run({
    target: { name: 'a puppet', clock, random: systemRandom },
    controller,
    log: undefined,
    selection: { profiles: ['zone-client'], cases, levels: [], safeties: ['safe'] },
    behaviours: { answers: 'zonelab', openStream: 'parity' },
    ratePerSecond: 1,
    callTimeoutMs: 1,
    expectedFailures: new Set(),
    isZonelab: true,
    toolVersion: '0.0.0',
    signal: new AbortController().signal,
    observer: { onPlan() {}, onTarget() {}, onAttempt() {}, onCase() {} },
  }).run()
}

/** The suite and the zone live by it, so that a minute of waiting is seconds; certificates are of the real time. */
function fasterClock(speed: number): Clock {
  return {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs() * speed,
    after: (delayMs, callback) => systemClock.after(delayMs / speed, callback),
  }
}
