import { beforeEach, describe, expect, test } from 'vitest'
import { type ApiLab, apiLab, STRANGER } from './api-lab.js'

const TIMEOUT = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '5s' } }] }

describe('lists', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    for (const mesh of ['default', 'other']) await lab.put('Mesh', mesh)
    for (const name of ['c', 'a', 'b']) await lab.put('MeshTimeout', name, { spec: TIMEOUT })
    await lab.put('MeshTimeout', 'a', { mesh: 'other', spec: TIMEOUT, labels: { team: 'x' } })
  })

  const names = (body: { items?: unknown }) =>
    (body.items as { mesh: string; name: string }[]).map((i) => `${i.mesh}/${i.name}`)

  test('are sorted by mesh, then name', async () => {
    const { status, body } = await lab.get('/meshtimeouts')
    expect(status).toBe(200)
    expect(names(body)).toEqual(['default/a', 'default/b', 'default/c', 'other/a'])
    expect(body).toMatchObject({ total: 4, next: null })
  })

  test('of one mesh hold that mesh alone', async () => {
    expect(names((await lab.get('/meshes/other/meshtimeouts')).body)).toEqual(['other/a'])
  })

  test('of a mesh that is not there are not found, by the title of its retrieval', async () => {
    const { status, body } = await lab.get('/meshes/nope/meshtimeouts')
    expect(status).toBe(404)
    expect(body).toEqual({
      type: '/std-errors',
      status: 404,
      title: 'Failed to retrieve Mesh',
      detail: 'Not found',
      details: 'Not found',
    })
  })

  test('are cut into pages that link to the next with the query kept and in order', async () => {
    const first = await lab.get('/meshtimeouts?size=1&filter[labels.team]=x&name=a', { headers: { host: 'cp:5681' } })
    expect(first.body).toMatchObject({ total: 1, next: null })
    const page = await lab.get('/meshtimeouts?size=3&name=&zz=1%202', { headers: { host: 'cp:5681' } })
    expect(page.body.total).toBe(4)
    expect(page.body.next).toBe('http://cp:5681/meshtimeouts?name=&offset=3&size=3&zz=1+2')
    const last = await lab.get('/meshtimeouts?name=&offset=3&size=3')
    expect(names(last.body)).toEqual(['other/a'])
    expect(last.body.next).toBeNull()
  })

  test('link to the next page under the prefix they were asked under', async () => {
    const prefix = '/v1/mesh/control-planes/default/api'
    const { body } = await lab.get(`${prefix}/meshtimeouts?size=1`, { headers: { host: 'h' } })
    expect(body.next).toBe(`http://h${prefix}/meshtimeouts?offset=1&size=1`)
  })

  test('beyond the end are empty', async () => {
    expect((await lab.get('/meshtimeouts?offset=9')).body).toEqual({ total: 4, items: [], next: null })
  })

  test('select by a part of the name', async () => {
    await lab.put('MeshTimeout', 'long-name', { spec: TIMEOUT })
    expect(names((await lab.get('/meshtimeouts?name=ng-n')).body)).toEqual(['default/long-name'])
  })

  test('select by labels, all of which must be equal', async () => {
    expect(names((await lab.get('/meshtimeouts?filter[labels.team]=x')).body)).toEqual(['other/a'])
    expect((await lab.get('/meshtimeouts?filter[labels.team]=x&filter[labels.b]=1')).body.total).toBe(0)
  })

  test.each([
    ['size=x', 'invalid format'],
    ['size=1.5', 'invalid format'],
    ['size=0', 'must be greater than 0'],
    ['size=-1', 'must be greater than 0'],
    ['size=2000', 'invalid page size of 2000. Maximum page size is 1000'],
  ])('refuse %s', async (query, reason) => {
    const { status, body } = await lab.get(`/meshtimeouts?${query}`)
    expect(status).toBe(400)
    expect(body).toEqual({
      type: '/std-errors',
      status: 400,
      title: 'Could not retrieve resources',
      detail: 'Invalid page size',
      invalid_parameters: [{ field: 'size', reason }],
      details: 'Invalid page size',
      causes: [{ field: 'size', message: reason }],
    })
  })

  test.each(['x', '-1', '1e3'])('refuse an offset of %s in the words of Go', async (offset) => {
    const { status, body } = await lab.get(`/meshtimeouts?offset=${offset}`)
    expect(status).toBe(400)
    expect(body).toMatchObject({
      title: 'Could not retrieve resources',
      detail: `invalid: invalid offset: strconv.Atoi: parsing "${offset}": invalid syntax`,
    })
    expect(body).not.toHaveProperty('invalid_parameters')
  })

  test.each([
    ['/meshtimeouts?filter[x]=1', '/meshtimeouts.filter[x]', 'filters are only supported on labels'],
    [
      '/meshtimeouts?filter[labels.a][eq]=1',
      '/meshtimeouts.filter[labels.a][eq]',
      'advanced filters are not supported',
    ],
    [
      '/meshes/default/meshtimeouts?filter[labels.a=1',
      '/meshes/{mesh}/meshtimeouts.filter[labels.a',
      'advanced filters are not supported',
    ],
  ])('refuse %s', async (url, field, reason) => {
    const { status, body } = await lab.get(url)
    expect(status).toBe(400)
    expect(body).toMatchObject({
      title: 'Could not retrieve resources',
      detail: 'Resource is not valid',
      invalid_parameters: [{ field, reason }],
    })
  })

  test('of secrets are for admins', async () => {
    await lab.put('Secret', 's', { spec: { data: 'eA==' } })
    expect((await lab.get('/secrets')).body.total).toBe(1)
    const { status, body } = await lab.get('/meshes/default/secrets', { headers: { authorization: STRANGER } })
    expect(status).toBe(403)
    expect(body).toMatchObject({
      title: 'Access Denied',
      detail: 'user "mesh-system:anonymous/mesh-system:unauthenticated" cannot access the resource of type "Secret"',
    })
  })
})

describe('lists of dataplanes', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
    const gateway = (tags: Record<string, string>) => ({ networking: { address: '1.1.1.1', gateway: { tags } } })
    await lab.put('Dataplane', 'edge', { spec: gateway({ 'kuma.io/service': 'edge-gateway' }) })
    await lab.put('Dataplane', 'web', { spec: { networking: { address: '1.1.1.2' } }, labels: { app: 'web-shop' } })
  })

  const names = async (query: string) =>
    ((await lab.get(`/meshes/default/dataplanes?${query}`)).body.items as { name: string }[]).map(({ name }) => name)

  test.each([
    ['', ['edge', 'web']],
    ['gateway=true', ['edge']],
    ['gateway=FALSE', ['web']],
    ['gateway=delegated', ['edge']],
    ['tag=app:web', ['web']],
    ['tag=app:*', ['web']],
    ['tag=kuma.io/service:gateway', ['edge']],
    ['tag=app:web&tag=app2:x', []],
    ['tag=nonsense', ['edge', 'web']],
  ])('selected by %j', async (query, expected) => {
    expect(await names(query)).toEqual(expected)
  })

  test('refuse another gateway mode', async () => {
    const { status, body } = await lab.get('/dataplanes/_overview?gateway=maybe')
    expect(status).toBe(400)
    expect(body.invalid_parameters).toEqual([
      {
        field: '/dataplanes/_overview.gateway',
        reason: 'should use `true`, `false` or `delegated` instead of maybe',
      },
    ])
  })
})
