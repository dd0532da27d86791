import { describe, expect, test } from 'vitest'
import { planLoad } from '../../../src/load/plan.js'
import { parseScenario, type Scenario } from '../../../src/load/scenario.js'

function scenario(text = ''): Scenario {
  return parseScenario(
    `kind: Scenario
name: mine
topology: { zones: 10, dataplanes: 4, release: { '2.14': 90%, '3.0': 10% } }
load: { writes: 5/s, duration: 10s, warmup: 1s, mix: { MeshTimeout: 3, MeshRetry: 1 }, resources: 5 }
churn: { dataplanes: 2/s }
faults: [{ at: 2s, type: disconnect, zones: 20%, for: 1s }]
${text}`,
    'mine.yaml',
  )
}

const plan = (of: Scenario, run = 'aaaaaa') => planLoad({ scenario: of, run, tenants: ['default'] })

describe('the plan of a run', () => {
  test('strikes the zones that a fault names, in each control plane, under the id that it has', () => {
    const text = `kind: Scenario
name: named
topology: { tenants: 2, zones: 12 }
faults: [{ id: west, at: 1s, type: half-open, zones: [z1, z12] }, { at: 2s, type: nack, zones: 25% }]`
    const { strikes } = planLoad({
      scenario: parseScenario(text, 'named.yaml'),
      run: 'aaaaaa',
      tenants: ['one', 'two'],
    })
    expect(strikes).toMatchObject([
      { id: 'west', zones: [0, 11, 12, 23] },
      { id: 'f-2', zones: { length: 6 } },
    ])
  })

  test('is the same for the same seed, but for the names', () => {
    const named = JSON.stringify(plan(scenario(), 'aaaaaa'))
    expect(JSON.stringify(plan(scenario(), 'bbbbbb')).replaceAll('bbbbbb', 'aaaaaa')).toBe(named)
  })

  test('is another one for another seed', () => {
    expect(plan(scenario('seed: 2')).writes).not.toEqual(plan(scenario()).writes)
  })

  test('leaves the writes as they were when something else of the scenario changes', () => {
    const more = { ...scenario(), churn: { dataplanes: 9, services: 0, insights: 0 } }
    expect(plan(more).writes).toEqual(plan(scenario()).writes)
  })

  test('makes each resource once, then writes at an even pace', () => {
    const { writes, resources } = plan(scenario())
    expect(writes.filter(({ atMs }) => atMs === undefined).map(({ resource }) => resource)).toEqual(
      resources.map(({ index }) => index),
    )
    const timed = writes.flatMap(({ atMs }) => (atMs === undefined ? [] : [atMs]))
    expect(timed).toEqual(Array.from({ length: 50 }, (_, place) => place * 200))
    expect(writes.map(({ number }) => number)).toEqual(writes.map((_write, place) => place + 1))
  })

  test('deals releases out by their shares', () => {
    const releases = plan(scenario()).zones.map(({ release }) => release)
    expect(releases.filter((release) => release === '2.14')).toHaveLength(9)
  })

  test('chooses the zones of a fault beforehand', () => {
    const [strike] = plan(scenario()).strikes
    expect(strike?.zones).toHaveLength(2)
    expect(new Set(strike?.zones).size).toBe(2)
  })

  test('has no service without a sidecar, so that whatever is called is there', () => {
    const { topology } = scenario()
    const { zones } = plan({
      ...scenario(),
      topology: { ...topology, dataplanes: 2, services: 5, outbounds: { min: 5, max: 5 } },
    })
    for (const { services, sidecars } of zones) {
      expect(services).toEqual(['s1', 's2'])
      expect(new Set(sidecars.flatMap(({ outbounds }) => outbounds))).toEqual(new Set(services))
    }
  })

  test('calls everything after the run', () => {
    const { mesh, zones, resources } = plan(scenario(), 'k3f9ab')
    expect([mesh, ...zones.map(({ name }) => name), ...resources.map(({ name }) => name)]).toSatisfy(
      (names: string[]) => names.every((name) => name.startsWith('zl-k3f9ab')),
    )
  })
})
