import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import {
  BEHAVIOURS,
  type Behaviour,
  behaviourMistakes,
  behaviourNamed,
  behaviourSchema,
  Player,
} from '../../../src/dataplane/behaviour.js'

function behaviour(...stages: object[]): Behaviour {
  return behaviourSchema.parse({ description: 'under test', stages })
}

function play(played: Behaviour, count: number, seed = 1): string[] {
  const player = new Player(played, seededRandom(seed))
  return Array.from({ length: count }, () => {
    const { step, delayMs } = player.next({ on: 'response', type: 'listener' })
    return `${step} ${Math.round(delayMs)}`
  })
}

test('every data file is a behaviour that fleets can name', () => {
  const files = readdirSync(new URL('../../../src/dataplane/behaviours', import.meta.url))
  expect([...BEHAVIOURS.keys()].sort()).toEqual(files.map((file) => file.replace('.json', '')).sort())
})

test("a fleet's own behaviour goes before one that zonelab brings; an unknown one is refused with what is known", () => {
  const own = { steady: behaviour() }
  expect(behaviourNamed('steady', own)).toBe(own.steady)
  expect(behaviourNamed('flapping', own)).toBe(BEHAVIOURS.get('flapping'))
  expect(() => behaviourNamed('wild', own)).toThrow(
    'there is no behaviour "wild"; known are steady, slow-ack, nack-type, nack-once, stop-reading, flapping, never-ack',
  )
})

describe('a stage', () => {
  test('is played for its event and its type alone', () => {
    const player = new Player(behaviour({ on: 'response', type: 'cluster', step: 'refuse' }), seededRandom(1))
    expect(player.next({ on: 'response', type: 'cluster' }).step).toBe('refuse')
    expect(player.next({ on: 'response', type: 'listener' }).step).toBe('accept')
    expect(player.next({ on: 'connected' }).step).toBe('stay')
  })

  test('is played so many times', () => {
    expect(play(behaviour({ on: 'response', step: 'refuse', times: 2 }), 4)).toEqual([
      'refuse 0',
      'refuse 0',
      'accept 0',
      'accept 0',
    ])
  })

  test('waits for its delay and some of its jitter', () => {
    const delays = play(behaviour({ on: 'response', step: 'accept', delayMs: 100, jitterMs: 50 }), 100)
    const numbers = delays.map((line) => Number(line.split(' ')[1]))
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(100)
    expect(Math.max(...numbers)).toBeLessThanOrEqual(150)
    expect(new Set(numbers).size).toBeGreaterThan(10)
  })
})

test('stages that fit the same event are played by weight, and a seed plays them again', () => {
  const rare = behaviour({ on: 'response', step: 'accept', weight: 9 }, { on: 'response', step: 'refuse', weight: 1 })
  const refused = play(rare, 1_000).filter((line) => line.startsWith('refuse')).length
  expect(refused).toBeGreaterThan(60)
  expect(refused).toBeLessThan(140)
  expect(play(rare, 50, 7)).toEqual(play(rare, 50, 7))
  expect(play(rare, 50, 7)).not.toEqual(play(rare, 50, 8))
})

test('a stage with a step of another event, or an unknown field, is no behaviour', () => {
  expect(() => behaviour({ on: 'connected', step: 'refuse' })).toThrow()
  expect(() => behaviour({ on: 'response', step: 'accept', wieght: 2 })).toThrow()
})

test('what is wrong with a behaviour is told by field', () => {
  const stages = [{ on: 'connected', step: 'disconnect' }, { on: 'response' }]
  expect(behaviourMistakes({ description: 'odd', stages })).toMatchObject([{ path: ['stages', 1, 'step'] }])
  expect(behaviourMistakes({ description: 'fine', stages: stages.slice(0, 1) })).toEqual([])
})
