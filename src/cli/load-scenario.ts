import { readFileSync } from 'node:fs'
import { AppError } from '../base/errors.js'
import { readyScenario } from '../load/ready-scenarios.js'
import { parseScenario, requireSound, type Scenario } from '../load/scenario.js'
import { parseThreshold } from '../load/threshold.js'
import type { Input } from './command.js'
import { parseDuration } from './quantities.js'

/** The scenario that the arguments name, with what the flags change. Throws `invalid-argument`. */
export function scenarioOf(input: Input): Scenario {
  const [name] = input.args
  const file = input.text('file')
  if ((name === undefined) === (file === undefined)) {
    throw new AppError('invalid-argument', 'name a scenario (zonelab load list), or a file with -f FILE')
  }
  return requireSound(
    changedBy(input, file === undefined ? readyScenario(name ?? '') : parseScenario(textOf(file), file)),
  )
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `${file}: it cannot be read`, { cause })
  }
}

function changedBy(input: Input, scenario: Scenario): Scenario {
  const { topology, load } = scenario
  const thresholds = input.texts('threshold')
  for (const text of thresholds) parseThreshold(text)
  const writes = input.whole('writes', 0, 10_000)
  const time = (flag: string) => {
    const text = input.text(flag)
    return text === undefined ? undefined : parseDuration(`--${flag}`, text)
  }
  const durationMs = time('duration')
  return {
    ...scenario,
    seed: input.whole('seed', 0, 2 ** 32 - 1) ?? scenario.seed,
    topology: {
      ...topology,
      tenants: input.whole('tenants', 1, 100) ?? topology.tenants,
      zones: input.whole('zones', 1, 5_000) ?? topology.zones,
      dataplanes: input.whole('dataplanes', 0, 1_000) ?? topology.dataplanes,
      tier: input.word('tier', ['light', 'full', 'auto']) ?? topology.tier,
    },
    load: {
      ...load,
      writes: writes ?? load.writes,
      ...(durationMs !== undefined && { duration: durationMs, warmup: Math.min(load.warmup, durationMs / 5) }),
    },
    quietTail: time('quiet-tail') ?? scenario.quietTail,
    thresholds: thresholds.length > 0 ? [...thresholds] : scenario.thresholds,
  }
}
