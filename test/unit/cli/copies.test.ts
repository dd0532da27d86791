import { expect, test } from 'vitest'
import { zonesWithoutCopy } from '../../../src/cli/copies.js'
import { ApiClient } from '../../../src/lab/api-client.js'
import type { JsonObject } from '../../../src/model/json.js'
import { FakeClock } from '../../support/fake-clock.js'

const HELD = {
  type: 'MeshTimeout',
  mesh: 'default',
  name: 'slow',
  labels: { 'kuma.io/origin': 'global', 'kuma.io/mesh': 'default' },
  creationTime: '2026-01-01T00:00:00Z',
  modificationTime: '2026-01-02T00:00:00Z',
  spec: { to: [{ targetRef: { kind: 'Mesh' }, default: { idleTimeout: '7s' } }] },
}

/** A zone whose API has one resource, or none. */
function zone(name: string, has: JsonObject | undefined, asked: string[] = []) {
  const answer = async (url: string | URL | Request) => {
    asked.push(String(url))
    return has ? Response.json(has) : Response.json({ status: 404, title: 'x', detail: 'Not found' }, { status: 404 })
  }
  const target = { name, url: 'http://zone', token: () => undefined, tenant: undefined, fetch: answer as typeof fetch }
  return { name, tenant: 'default', api: new ApiClient(target, new FakeClock()) }
}

test('of each zone that one copy is looked at, whatever else of its type may lag', async () => {
  const asked: string[] = []
  const copy = { ...HELD, name: 'slow-hash', labels: { more: 'x' }, creationTime: '2027-01-01T00:00:00Z' }
  const older = { ...copy, spec: { to: [] } }
  const zones = [zone('east', copy, asked), zone('west', older), zone('north', undefined)]
  const laggards = await zonesWithoutCopy('MeshTimeout', 'default', HELD, zones)
  expect(laggards.map(({ component, why }) => [component, why])).toEqual([
    ['west', 'has an older one'],
    ['north', 'does not have it'],
  ])
  expect(asked).toEqual([expect.stringMatching(/^http:\/\/zone\/meshes\/default\/meshtimeouts\/slow-[a-z0-9]{16}$/)])
})

test('a zone is not asked for a copy of what came from it', async () => {
  const labels = { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'east', 'kuma.io/display-name': 'slow' }
  const zones = [zone('east', undefined), zone('west', undefined)]
  const laggards = await zonesWithoutCopy('MeshTimeout', 'default', { ...HELD, labels }, zones)
  expect(laggards.map(({ component }) => component)).toEqual(['west'])
})

test('what keeps its name is asked for by it', async () => {
  const asked: string[] = []
  const mesh = { type: 'Mesh', name: 'blue', labels: {} }
  expect(await zonesWithoutCopy('Mesh', undefined, mesh, [zone('east', mesh, asked)])).toEqual([])
  expect(asked).toEqual(['http://zone/meshes/blue'])
})
