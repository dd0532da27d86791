import { describe, expect, test } from 'vitest'
import { readyNames, readyScenario } from '../../../src/load/ready-scenarios.js'
import { parseScenario } from '../../../src/load/scenario.js'

const minimal = 'kind: Scenario\nname: mine\n'

describe('a scenario file', () => {
  test('has a value for everything that it does not say', () => {
    const { topology, load, ramp, quietTail, seed } = parseScenario(minimal, 'mine.yaml')
    expect({ seed, quietTail, ramp, zones: topology.zones, release: topology.release, load }).toEqual({
      seed: 1,
      quietTail: 10_000,
      ramp: { zones: 50, dataplanes: 200, hold: 2_000 },
      zones: 10,
      release: { '3.0': 1 },
      load: {
        writes: 10,
        duration: 30_000,
        warmup: 2_000,
        mix: { MeshTimeout: 1 },
        size: { min: 1_024, max: 2_048 },
        resources: 20,
        groups: 1,
      },
    })
  })

  test.each([
    ['an unknown field', `${minimal}topolgy: {}\n`, 'mine.yaml:3:1: topolgy: there is no such field'],
    ['a time without a unit', `${minimal}quietTail: 10\n`, 'mine.yaml:3:1: quietTail:'],
    ['a wrong time', `${minimal}quietTail: ten\n`, 'mine.yaml:3:1: quietTail: "ten" is no time'],
    ['a wrong rate', `${minimal}load:\n  writes: 10\n`, 'mine.yaml:4:3: load.writes:'],
    ['a wrong size', `${minimal}load: { size: 4KB }\n`, 'mine.yaml:3:9: load.size: "4KB" is no size'],
    ['shares that do not add up', `${minimal}topology: { release: { "2.14": 50% } }\n`, 'must add up to 100%'],
    ['a release that nobody knows', `${minimal}topology: { release: { "9.9": 100% } }\n`, 'mine.yaml:3:13'],
    [
      'a type that is not written',
      `${minimal}load: { mix: { Zone: 1 } }\n`,
      'mine.yaml:3:16: load.mix.Zone: there is no such field',
    ],
    ['a wrong threshold', `${minimal}thresholds:\n  - nack:count=0\n`, 'mine.yaml:4:5: thresholds.0:'],
    ['a fault that nobody knows', `${minimal}faults: [{ at: 1s, type: earthquake }]\n`, 'mine.yaml:3:20'],
    [
      'a fault on no zones',
      `${minimal}faults: [{ at: 1s, type: nack, zones: [west] }]\n`,
      'mine.yaml:3:32: faults.0.zones: ["west"] names no zones; write a share, such as 5%, or a list, such as [z1, z7]',
    ],
    [
      'a fault on a zone that there is not',
      `${minimal}topology: { zones: 3 }\nfaults: [{ at: 1s, type: nack, zones: [z2, z4] }]\n`,
      'mine.yaml:4:32: faults.0.zones: there is no z4: the last zone is z3',
    ],
    [
      'two faults of one id',
      `${minimal}faults: [{ id: one, at: 1s, type: nack }, { id: one, at: 2s, type: nack }]\n`,
      'mine.yaml:3:45: faults.1.id: another fault is called "one"',
    ],
    ['a fault after the end', `${minimal}faults: [{ at: 1h, type: nack }]\n`, 'is after the end of the load'],
    ['a warm-up as long as the load', `${minimal}load: { duration: 5s, warmup: 5s }\n`, 'nothing would be measured'],
    [
      'old releases of whole zones',
      `${minimal}topology: { tier: full, release: { "2.14": 100% } }\n`,
      'are of release 3.0',
    ],
    [
      'more writes than a plan can name',
      `${minimal}load: { writes: 1000/s, duration: 24h }\n`,
      'mine.yaml:3:9: load.writes: makes 86,400,000 writes in all; a run has at most 1,000,000',
    ],
    [
      'more zones than a machine can hold',
      `${minimal}topology: { tenants: 2, zones: 3000 }\n`,
      'mine.yaml:3:25: topology.zones: makes 6,000 zones in all; a run has at most 5,000',
    ],
    ['no scenario at all', 'kind: Topology\n', 'mine.yaml: there is no document with "kind: Scenario" in it'],
    ['two scenarios', `${minimal}---\n${minimal}`, 'a second Scenario; a run has one'],
    ['no YAML', 'kind: [', 'mine.yaml:1:'],
  ])('with %s is refused by its place', (_what, text, message) => {
    expect(() => parseScenario(text, 'mine.yaml')).toThrow(message)
  })

  test.each(readyNames())('%s, which ships with zonelab, is one', (name) => {
    expect(readyScenario(name).name).toBe(name)
  })
})
