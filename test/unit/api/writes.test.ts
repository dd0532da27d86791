import { beforeEach, describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../src/model/json.js'
import { type ApiLab, apiLab, STRANGER } from './api-lab.js'

const SPEC = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '1s' } }] }
const timeout = (name: string, more: JsonObject = {}): JsonObject => ({
  type: 'MeshTimeout',
  mesh: 'default',
  name,
  spec: SPEC,
  ...more,
})
const URL = '/meshes/default/meshtimeouts'

describe('writing on a global', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
  })

  const put = (url: string, body: Json, headers = {}) => lab.ask('PUT', url, { body, headers })
  const refusal = async (url: string, body: Json): Promise<JsonObject> => {
    const response = await put(url, body)
    return { status: response.statusCode, ...(response.json() as JsonObject) }
  }
  const violations = (...pairs: readonly (readonly [string, string])[]) => ({
    status: 400,
    title: 'Could not process a resource',
    detail: 'Resource is not valid',
    invalid_parameters: pairs.map(([field, reason]) => ({ field, reason })),
    causes: pairs.map(([field, message]) => ({ field, message })),
  })

  test('creates with 201 and replaces with 200, both with an empty object', async () => {
    for (const status of [201, 200]) {
      const response = await put(`${URL}/t`, timeout('t'))
      expect(response.statusCode).toBe(status)
      expect(response.body).toBe('{}\n')
    }
    const { body } = await lab.get(`${URL}/t`)
    expect(body).toMatchObject({
      labels: { 'kuma.io/display-name': 't', 'kuma.io/mesh': 'default', 'kuma.io/origin': 'global' },
      spec: SPEC,
    })
  })

  test('owns what is in a mesh by that mesh, and gives back the labels that users set', async () => {
    await put(`${URL}/t`, timeout('t', { labels: { team: 'a', 'kuma.io/display-name': 'mine' } }))
    const stored = await lab.store.get({ type: 'MeshTimeout', mesh: 'default', name: 't' })
    expect(stored?.owner).toEqual({ type: 'Mesh', mesh: undefined, name: 'default' })
    expect(stored?.labels).toMatchObject({ team: 'a', 'kuma.io/display-name': 't' })
  })

  test('keeps when it was created, and the status that control planes gave', async () => {
    const status = { addresses: [{ hostname: 'h' }] }
    const service = {
      selector: { meshService: { matchLabels: { a: 'b' } } },
      ports: [{ port: 80, appProtocol: 'tcp' }],
    }
    const labels = { 'kuma.io/origin': 'global' }
    await lab.put('MeshMultiZoneService', 's', { labels, spec: { ...service, ports: [] }, status })
    lab.clock.step(1000)
    const body = { type: 'MeshMultiZoneService', mesh: 'default', name: 's', spec: service, status: { addresses: [] } }
    expect((await put('/meshes/default/meshmultizoneservices/s', body)).statusCode).toBe(200)
    const { body: shown } = await lab.get('/meshes/default/meshmultizoneservices/s')
    expect(shown).toMatchObject({
      creationTime: '2026-01-01T00:00:00Z',
      modificationTime: '2026-01-01T00:00:01Z',
      status,
      spec: service,
    })
  })

  test('takes the mesh default for granted in a JSON type', async () => {
    const { mesh: _, ...body } = timeout('t')
    expect((await put(`${URL}/t`, body)).statusCode).toBe(201)
    await lab.put('Mesh', 'other')
    expect(await refusal('/meshes/other/meshtimeouts/t', body)).toMatchObject(
      violations(['mesh', 'mesh from the URL has to be the same as in body']),
    )
  })

  test('drops members that the type does not have', async () => {
    await put(`${URL}/t`, timeout('t', { spec: { ...SPEC, from: [] }, kri: 'x', creationTime: '1999-01-01T00:00:00Z' }))
    expect((await lab.get(`${URL}/t`)).body).toMatchObject({ spec: SPEC, creationTime: '2026-01-01T00:00:00Z' })
    await put('/meshes/m', { type: 'Mesh', name: 'm', mtls: { enabledBackend: 'x' } })
    expect((await lab.get('/meshes/m')).body).not.toHaveProperty('mtls')
  })

  test.each([
    ['name', { name: 'other' }, [['name', 'name from the URL has to be the same as in body']]],
    [
      'labels',
      { labels: { 'kuma.io/origin': 'zone' } },
      [['labels["kuma.io/origin"]', "the origin label must be set to 'global'"]],
    ],
    [
      'unknown origin',
      { labels: { 'kuma.io/origin': 'bogus' } },
      [
        ['labels["kuma.io/origin"]', 'unknown resource origin "bogus"'],
        ['labels["kuma.io/origin"]', "the origin label must be set to 'global'"],
      ],
    ],
    ['type', { type: 'MeshRetry', name: 'x' }, [['', 'type in body should be one of [MeshTimeout]']]],
    ['no spec', { spec: undefined }, [['', '.spec in body is required']]],
    [
      'no name, type nor spec',
      { name: undefined, type: undefined, spec: undefined },
      [
        ['', '.name in body is required'],
        ['', '.spec in body is required'],
        ['', '.type in body is required'],
      ],
    ],
    ['empty spec', { spec: {} }, [['spec', "at least one of 'to' or 'rules' has to be defined"]]],
    ['schema', { spec: { to: 'str' } }, [['spec.to', 'in body must be of type array: "string"']]],
  ] as const)('refuses a wrong %s', async (_what, more, pairs) => {
    expect(await refusal(`${URL}/t`, timeout('t', more as JsonObject))).toMatchObject(violations(...pairs))
    expect(await lab.store.get({ type: 'MeshTimeout', mesh: 'default', name: 't' })).toBeUndefined()
  })

  test('names all that is wrong with the meta at once, in order', async () => {
    const body = timeout('Bad_Name', { mesh: 'Bad!', labels: { 'kuma.io/origin': 'zone', 'x y': 'v' } })
    const { invalid_parameters } = await refusal(`${URL}/t`, body)
    expect((invalid_parameters as { field: string }[]).map(({ field }) => field)).toEqual([
      'name',
      'mesh',
      'labels["kuma.io/origin"]',
      'labels["x y"]',
      'name',
      'mesh',
    ])
  })

  test('refuses a name that is no DNS label where it becomes one, by the title of creation', async () => {
    const { status, title, invalid_parameters } = await refusal('/meshes/1bad', { type: 'Mesh', name: '1bad' })
    expect({ status, title }).toEqual({ status: 400, title: 'Failed to create a resource' })
    expect(invalid_parameters).toMatchObject([
      { field: 'name', reason: expect.stringMatching(/^a DNS-1035 label must/) },
    ])
  })

  test.each([
    ['', 'unexpected end of JSON input'],
    ['{"type":', 'unexpected end of JSON input'],
  ])('does not take %j for JSON', async (body, reason) => {
    const detail = `invalid MeshTimeout object: "${reason}"`
    expect(await refusal(`${URL}/t`, body)).toMatchObject({
      status: 400,
      title: 'Bad Request',
      detail,
      details: detail,
    })
  })

  test.each([
    ['[]', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['null', 'json: cannot unmarshal null into Go value of type map[string]interface {}'],
    [
      '{"type":"MeshTimeout","mesh":5,"name":"t","spec":{"to":[{"targetRef":{"kind":"Mesh"},"default":{"connectionTimeout":"1s"}}]}}',
      'json: cannot unmarshal number into field .mesh of type string',
    ],
    [
      '{"type":"MeshTimeout","labels":{"a":1},"name":"t","spec":{"to":[{"targetRef":{"kind":"Mesh"},"default":{"connectionTimeout":"1s"}}]}}',
      'json: cannot unmarshal number into field .labels of type map[string]string',
    ],
  ])('refuses the form of %s', async (body, reason) => {
    expect(await refusal(`${URL}/t`, body)).toMatchObject({ detail: `invalid MeshTimeout object: "${reason}"` })
  })

  test('refuses a value that a protobuf field cannot hold, by the same sentence', async () => {
    const { status, detail } = await refusal('/meshes/x', { type: 'Mesh', name: 'x', skipCreatingInitialPolicies: 5 })
    expect(status).toBe(400)
    expect(detail).toMatch(/^invalid Mesh object: ".*skipCreatingInitialPolicies/)
  })

  test('refuses a body that nests deeper than can be read', async () => {
    const deep = `{"type":"MeshTimeout","name":"t","spec":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`
    expect((await refusal(`${URL}/t`, deep)).status).toBe(400)
  })

  test('refuses what is in a mesh that is not there', async () => {
    expect(await refusal('/meshes/nope/meshtimeouts/t', timeout('t', { mesh: 'nope' }))).toMatchObject({
      status: 404,
      title: 'Failed to retrieve Mesh',
    })
  })

  test.each([
    '/meshes/default/dataplanes/d',
    '/meshes/default/meshservices/s',
    '/meshes/default/meshzoneaddresses/a',
    '/meshes/default/workloads/w',
    '/zone-insights/z',
    '/mesh-insights/m',
    '/meshes/default/dataplane-insights/d',
    '/meshes/default/service-insights/s',
    '/meshes/nope/dataplanes/d',
  ])('is for zones to do at %s, whatever the body', async (url) => {
    for (const method of ['PUT', 'DELETE'] as const) {
      const response = await lab.ask(method, url, { body: '{' })
      expect(response.statusCode).toBe(405)
      expect(response.json()).toMatchObject({
        title: 'Method not allowed',
        detail: expect.stringMatching(/^On global control plane you can not modify dataplane resources .*\.\n$/),
      })
    }
  })

  test('of secrets is for admins', async () => {
    const body = { type: 'GlobalSecret', name: 's', data: 'eA==' }
    expect((await put('/global-secrets/s', body, { authorization: STRANGER })).statusCode).toBe(403)
    expect((await put('/global-secrets/s', body)).statusCode).toBe(201)
    const response = await lab.ask('DELETE', '/globalsecrets/s', { headers: { authorization: STRANGER } })
    expect(response.statusCode).toBe(403)
  })

  test('is refused everywhere when the API is read-only', async () => {
    lab = await apiLab({ readOnly: true })
    expect((await put('/meshes/m', { type: 'Mesh', name: 'm' })).statusCode).toBe(405)
    expect(((await lab.get('/policies')).body.policies as { readOnly: boolean }[]).every((p) => p.readOnly)).toBe(true)
  })

  test('warns of what it takes all the same', async () => {
    const spec = {
      targetRef: { kind: 'Dataplane' },
      rules: [
        { default: { local: { http: { requestRate: { num: 1, interval: '1s' }, onRateLimit: { status: 200 } } } } },
      ],
    }
    const response = await put('/meshes/default/meshratelimits/r', {
      type: 'MeshRateLimit',
      mesh: 'default',
      name: 'r',
      spec,
    })
    expect(response.json()).toEqual({
      warnings: [
        "'spec.rules[0].default.local.http.requestRate.status' must be 400 or higher. Please update your configuration.",
      ],
    })
  })

  test('is refused when the resource changed since it was read', async () => {
    await put(`${URL}/t`, timeout('t'))
    const racing: ApiLab['store'] = {
      ...lab.store,
      tenant: lab.store.tenant,
      get: (key) => lab.store.get(key),
      list: (type, filter) => lab.store.list(type, filter),
      listAll: (types) => lab.store.listAll(types),
      commit: async (writes) => {
        await lab.put('MeshTimeout', 't', { spec: { to: [] }, labels: { changed: 'meanwhile' } })
        return lab.store.commit(writes)
      },
    }
    const slow = await apiLab({ tenantStore: async () => racing })
    for (const [method, body] of [
      ['PUT', timeout('t', { spec: { ...SPEC, targetRef: { kind: 'Mesh' } } })],
      ['DELETE', undefined],
    ] as const) {
      const response = await slow.ask(method, `${URL}/t`, body ? { body } : {})
      expect(response.statusCode).toBe(409)
      expect(response.json()).toMatchObject({
        title: 'Conflict',
        detail: expect.stringMatching(/read it and try again$/),
      })
      await lab.put('MeshTimeout', 't', { spec: {} })
    }
  })
})

describe('a new mesh', () => {
  test('comes with its policies and its key, in one revision', async () => {
    const lab = await apiLab()
    const before = await lab.store.head()
    await lab.ask('PUT', '/meshes/shop', { body: { type: 'Mesh', name: 'shop' } })
    expect((await lab.store.head()).revision).toBe(before.revision + 1)
    const names = async (path: string) =>
      ((await lab.get(path)).body.items as { name: string }[]).map(({ name }) => name)
    expect(await names('/meshes/shop/meshtimeouts')).toEqual(['mesh-timeout-all-shop', 'mesh-timeout-to-all-shop'])
    expect(await names('/meshes/shop/secrets')).toEqual(['dataplane-token-signing-key-shop-1'])
  })

  test('leaves out what it says to skip, and is not given it by an update', async () => {
    const lab = await apiLab()
    const body = { type: 'Mesh', name: 'shop', skipCreatingInitialPolicies: ['MeshTimeout'] }
    await lab.ask('PUT', '/meshes/shop', { body })
    await lab.ask('PUT', '/meshes/shop', { body: { ...body, skipCreatingInitialPolicies: [] } })
    expect((await lab.get('/meshtimeouts')).body.total).toBe(0)
    expect((await lab.get('/meshretries')).body.total).toBe(1)
  })

  test('takes all that it has with it when it is deleted', async () => {
    const lab = await apiLab()
    await lab.ask('PUT', '/meshes/shop', { body: { type: 'Mesh', name: 'shop' } })
    const response = await lab.ask('DELETE', '/meshes/shop')
    expect(response.statusCode).toBe(200)
    expect(response.body).toBe('{}\n')
    for (const path of ['meshes', 'meshtimeouts', 'secrets']) expect((await lab.get(`/${path}`)).body.total).toBe(0)
  })
})

describe('deleting on a global', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
    await lab.put('Dataplane', 'd')
    await lab.put('Zone', 'z')
    await lab.put('ZoneInsight', 'z', { spec: { subscriptions: [{ connectTime: '2026-01-01T00:00:00Z' }] } })
  })

  const refusal = async (url: string): Promise<JsonObject> => {
    const response = await lab.ask('DELETE', url)
    return { status: response.statusCode, ...(response.json() as JsonObject) }
  }

  test.each([
    ['/meshes/default', 'mesh', 'unable to delete mesh, there are still some dataplanes attached'],
    ['/zones/z', 'zone', 'unable to delete Zone, Zone CP is still connected, please shut it down first'],
  ])('refuses %s while it is in use', async (url, field, reason) => {
    expect(await refusal(url)).toMatchObject({
      status: 400,
      title: 'Could not delete a resource',
      detail: 'Resource is not valid',
      invalid_parameters: [{ field, reason }],
    })
    const { store } = lab
    const careless = await apiLab({ unsafeDelete: true, tenantStore: async () => store })
    expect((await careless.ask('DELETE', url)).statusCode).toBe(200)
  })

  test("a zone's own proxy keeps no mesh, as every mesh has one while the zone lives", async () => {
    await lab.put('Mesh', 'empty')
    const labels = { 'kuma.io/listener-zoneingress': 'enabled' }
    await lab.put('Dataplane', 'zone-proxy', { mesh: 'empty', labels })
    expect((await lab.ask('DELETE', '/meshes/empty')).statusCode).toBe(200)
  })

  test('lets a zone go that is offline', async () => {
    await lab.put('ZoneInsight', 'z')
    expect((await lab.ask('DELETE', '/zones/z')).statusCode).toBe(200)
  })

  test.each([
    ['/meshes/nope', 'Could not delete a resource'],
    ['/meshes/default/meshtimeouts/nope', 'Could not delete a resource'],
    ['/meshes/nope/meshtimeouts/t', 'Failed to retrieve Mesh'],
  ])('finds no %s', async (url, title) => {
    expect(await refusal(url)).toMatchObject({ status: 404, title, detail: 'Not found' })
  })

  test('refuses what a zone made', async () => {
    await lab.put('MeshTimeout', 't', { labels: { 'kuma.io/origin': 'zone' } })
    expect(await refusal(`${URL}/t`)).toMatchObject({
      status: 400,
      title: 'Could not delete a resource',
      invalid_parameters: [{ field: '["kuma.io/origin"]', reason: "the origin label must be set to 'global'" }],
    })
  })
})
