import { beforeEach, describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../src/model/json.js'
import { type ApiLab, apiLab } from './api-lab.js'

const SPEC = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '1s' } }] }
const OWN = { 'kuma.io/origin': 'zone' }
const timeout = (name: string, labels: JsonObject): JsonObject => ({
  type: 'MeshTimeout',
  mesh: 'default',
  name,
  labels,
  spec: SPEC,
})
const dataplane = (networking: JsonObject, labels: JsonObject = {}): JsonObject => ({
  type: 'Dataplane',
  mesh: 'default',
  name: 'd',
  labels,
  networking: { address: '1.1.1.1', ...networking },
})

describe('writing on a zone', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab({ cp: { mode: 'zone', zone: 'east' } })
    await lab.put('Mesh', 'default')
  })

  const put = (url: string, body: Json) => lab.ask('PUT', url, { body })

  test('stamps what it makes with its name', async () => {
    expect((await put('/meshes/default/meshtimeouts/t', timeout('t', OWN))).statusCode).toBe(201)
    expect((await lab.get('/meshes/default/meshtimeouts/t')).body.labels).toEqual({
      'kuma.io/display-name': 't',
      'kuma.io/env': 'universal',
      'kuma.io/mesh': 'default',
      'kuma.io/origin': 'zone',
      'kuma.io/zone': 'east',
    })
  })

  test.each([{}, { 'kuma.io/origin': 'global' }])(
    'wants JSON types to say that they are its own, not %j',
    async (labels) => {
      const response = await put('/meshes/default/meshtimeouts/t', timeout('t', labels as JsonObject))
      expect(response.statusCode).toBe(400)
      expect(response.json()).toMatchObject({
        title: 'Could not process a resource',
        invalid_parameters: [{ field: 'labels["kuma.io/origin"]', reason: "the origin label must be set to 'zone'" }],
      })
    },
  )

  test.each([
    [{ 'kuma.io/zone': 'west' }, 'labels["kuma.io/zone"]', 'kuma.io/zone label should have east value'],
    [
      { 'kuma.io/mesh': 'other' },
      'labels["kuma.io/mesh"]',
      'kuma.io/mesh label must not differ from mesh set on resource',
    ],
  ])('refuses the labels %j', async (labels, field, reason) => {
    const response = await put('/meshes/default/meshtimeouts/t', timeout('t', { ...OWN, ...labels }))
    expect(response.json().invalid_parameters).toEqual([{ field, reason }])
  })

  test('refuses a name that would be too long at the global', async () => {
    const name = 'a'.repeat(250)
    const response = await put(`/meshes/default/meshtimeouts/${name}`, timeout(name, OWN))
    expect(response.json().invalid_parameters).toEqual([
      { field: 'name', reason: 'the length of the name must be shorter' },
    ])
  })

  test.each([
    '/meshes/m',
    '/meshes/default/meshmultizoneservices/s',
    '/zone-insights/z',
    '/meshes/default/dataplane-insights/d',
  ])('is for the global to do at %s', async (url) => {
    for (const method of ['PUT', 'DELETE'] as const) {
      const response = await lab.ask(method, url, { body: '{' })
      expect(response.statusCode).toBe(405)
      expect(response.json().detail).toMatch(/^On zone control plane you can only modify zone resources .*\.\n$/)
    }
  })

  test('takes dataplanes without an origin, and what the older types are', async () => {
    const inbound = [{ port: 80 }]
    expect((await put('/meshes/default/dataplanes/d', dataplane({ inbound }))).statusCode).toBe(201)
    expect((await lab.get('/meshes/default/dataplanes/d')).body).toMatchObject({
      labels: { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'east' },
      networking: { address: '1.1.1.1', inbound },
    })
  })

  test('holds a new inbound back until its probe has passed, and does not take it down again', async () => {
    const inbound = [{ port: 80, serviceProbe: { tcp: {} } }, { port: 81 }]
    await put('/meshes/default/dataplanes/d', dataplane({ inbound }))
    const stored = async () => (await lab.get('/meshes/default/dataplanes/d')).body.networking
    expect(await stored()).toMatchObject({ inbound: [{ port: 80, state: 'NotReady', health: {} }, { port: 81 }] })
    await put('/meshes/default/dataplanes/d', dataplane({ inbound }))
    expect(await stored()).toEqual({ address: '1.1.1.1', inbound })
  })

  test('marks a gateway with its zone', async () => {
    const response = await put(
      '/meshes/default/dataplanes/d',
      dataplane({ gateway: { tags: { 'kuma.io/service': 'b' } } }),
    )
    expect(response.json()).toEqual({})
    expect((await lab.get('/meshes/default/dataplanes/d')).body.networking).toMatchObject({
      gateway: { tags: { 'kuma.io/service': 'b', 'kuma.io/zone': 'east' } },
    })
  })

  test('labels a dataplane by the listeners it has', async () => {
    const listeners = [{ type: 'ZoneIngress', address: '1.1.1.1', port: 10001 }]
    await put('/meshes/default/dataplanes/d', dataplane({ listeners }))
    expect((await lab.get('/meshes/default/dataplanes/d')).body.labels).toMatchObject({
      'kuma.io/listener-zoneingress': 'enabled',
    })
  })

  test('refuses a workload that cannot be the name of a resource', async () => {
    const body = dataplane({ inbound: [{ port: 80 }] }, { 'kuma.io/workload': '1_x' })
    const response = await put('/meshes/default/dataplanes/d', body)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({
      title: 'Bad Request',
      detail: expect.stringMatching(/^bad request: labels\["kuma.io\/workload"\]: must be a valid DNS-1035 label/),
    })
  })

  test('refuses a dataplane that breaks its rules', async () => {
    const response = await put('/meshes/default/dataplanes/d', dataplane({ inbound: [{ port: 0 }] }))
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({
      title: 'Could not process a resource',
      invalid_parameters: [expect.objectContaining({ field: expect.stringMatching(/^networking\.inbound\[0\]/) })],
    })
  })

  test('does not move a resource to another zone', async () => {
    await lab.put('Dataplane', 'd', {
      labels: { 'kuma.io/zone': 'west' },
      spec: { networking: { address: '1.1.1.1' } },
    })
    const response = await put('/meshes/default/dataplanes/d', dataplane({ inbound: [{ port: 80 }] }))
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({
      title: 'Could not update a resource',
      invalid_parameters: [
        { field: 'labels["kuma.io/zone"]', reason: 'is immutable, cannot be changed from "west" to "east"' },
      ],
    })
  })

  test('does not delete what the global sent', async () => {
    await lab.put('MeshTimeout', 't', { labels: { 'kuma.io/origin': 'global' } })
    const response = await lab.ask('DELETE', '/meshes/default/meshtimeouts/t')
    expect(response.statusCode).toBe(400)
    expect(response.json().invalid_parameters).toEqual([
      { field: '["kuma.io/origin"]', reason: "the origin label must be set to 'zone'" },
    ])
  })

  test('warns of a service that selects nothing', async () => {
    const body = { type: 'MeshService', mesh: 'default', name: 's', labels: OWN, spec: { ports: [{ port: 80 }] } }
    const response = await put('/meshes/default/meshservices/s', body)
    expect(response.statusCode).toBe(201)
    expect(response.json().warnings).toEqual([expect.stringMatching(/^MeshService resource 's' has no selector/)])
  })
})
