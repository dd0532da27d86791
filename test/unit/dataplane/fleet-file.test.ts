import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { parseFleet, readFleetFile } from '../../../src/dataplane/fleet-file.js'

function parse(fleet: object) {
  return parseFleet(JSON.stringify(fleet), 'fleet.json')
}

function fault(text: string): AppError {
  try {
    parseFleet(text, 'fleet.json')
  } catch (thrown) {
    return AppError.from(thrown)
  }
  throw new Error('the text was taken')
}

test('a count makes proxies whose names and addresses follow one another', () => {
  const resource = { networking: { address: '10.0.0.254', inbound: [{ port: 80 }] } }
  const members = parse({ dataplanes: [{ mesh: 'default', name: 'web', count: 3, resource, adminPort: 9901 }] })
  expect(members.map(({ name, adminPort }) => [name, adminPort])).toEqual([
    ['web-1', 9901],
    ['web-2', 9902],
    ['web-3', 9903],
  ])
  expect(members[2]?.resource).toEqual({
    type: 'Dataplane',
    mesh: 'default',
    name: 'web-3',
    networking: { address: '10.0.1.0', inbound: [{ port: 80 }] },
  })
})

test('one without a resource is there in the zone already, and behaves steadily unless it says otherwise', () => {
  const [proxy] = parse({ dataplanes: [{ mesh: 'default', name: 'zone-proxy' }] })
  expect(proxy).toMatchObject({ name: 'zone-proxy', resource: undefined, behaviour: { stages: [] }, adminPort: 0 })
})

test('a fleet brings behaviours of its own', () => {
  const [proxy] = parse({
    dataplanes: [{ mesh: 'default', name: 'web', behaviour: 'grumpy' }],
    behaviours: { grumpy: { description: 'refuses all', stages: [{ on: 'response', step: 'refuse' }] } },
  })
  expect(proxy?.behaviour.stages[0]).toMatchObject({ step: 'refuse', weight: 1, delayMs: 0 })
})

describe('a fleet file is refused', () => {
  test('with every fault by its place', () => {
    const { code, violations } = fault(
      '{"dataplanes":[{"mesh":"default"},{"mesh":"m","name":"a","count":0,"colour":1}]}',
    )
    expect(code).toBe('invalid-argument')
    expect(violations.map(({ field }) => field)).toEqual(['dataplanes.0.name', 'dataplanes.1.count', 'dataplanes.1'])
  })

  test('when it has a proxy twice, or is not JSON, or is not there', () => {
    expect(fault('{"dataplanes":[{"mesh":"m","name":"a-1"},{"mesh":"m","name":"a","count":1}]}').message).toBe(
      'the fleet file fleet.json has m/a-1 twice',
    )
    expect(fault('dataplanes: []').message).toBe('the fleet file fleet.json is not JSON')
    expect(() => readFleetFile('/nowhere/fleet.json')).toThrow('cannot read the fleet file /nowhere/fleet.json')
    expect(() => readFleetFile('')).toThrow('no fleet file is given')
  })
})
