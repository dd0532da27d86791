import { beforeEach, describe, expect, test } from 'vitest'
import { type ApiLab, apiLab, OTHER_TENANT } from './api-lab.js'

const PREFIX = `/v1/mesh/control-planes/${OTHER_TENANT}/api`

describe('the router', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
  })

  test.each(['/nope', '/meshes/default/nopes', '/versions', '/meshes/default/meshtimeouts/a/b/c', `${PREFIX}/nope`])(
    'has no page %s',
    async (url) => {
      const response = await lab.ask('GET', url)
      expect(response.statusCode).toBe(404)
      expect(response.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(response.body).toBe('404: Page Not Found')
    },
  )

  test.each([
    ['POST', '/meshes/default', 'PUT, DELETE, GET'],
    ['PATCH', '/meshes/default/meshtimeouts/x', 'PUT, DELETE, GET'],
    ['DELETE', '/meshes', 'GET'],
    ['POST', '/config', 'GET'],
    ['HEAD', '/', 'GET'],
    ['GET', '/tokens/zone', 'POST'],
  ] as const)('names the verbs that may be used instead of %s on %s', async (method, url, allow) => {
    const response = await lab.ask(method, url)
    expect(response.statusCode).toBe(405)
    expect(response.headers.allow).toBe(allow)
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(response.body).toBe(method === 'HEAD' ? '' : '405: Method Not Allowed')
  })

  test.each([
    ['PUT', undefined],
    ['PUT', 'text/plain'],
    ['PUT', 'application/x-www-form-urlencoded'],
    ['GET', 'text/plain'],
  ] as const)('refuses %s with the content type %s', async (method, type) => {
    const response = await lab.ask(method, '/meshes/default', { headers: type ? { 'content-type': type } : {} })
    expect(response.statusCode).toBe(415)
    expect(response.body).toBe('415: Unsupported Media Type')
  })

  test('takes a content type with parameters, and none on a DELETE', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    expect((await lab.ask('GET', '/meshes', { headers })).statusCode).toBe(200)
    expect((await lab.ask('DELETE', '/meshes/nope')).statusCode).toBe(404)
  })

  test.each(['application/xml', 'text/html, application/*'])('cannot answer in %s', async (accept) => {
    const response = await lab.ask('GET', '/meshes', { headers: { accept } })
    expect(response.statusCode).toBe(406)
    expect(response.body).toBe('406: Not Acceptable\n\nAvailable representations: application/json')
  })

  test.each(['*/*', 'text/html, application/json;q=0.9'])('answers in JSON to %s', async (accept) => {
    expect((await lab.ask('GET', '/meshes', { headers: { accept } })).statusCode).toBe(200)
  })

  test('refuses a token that does not hold before it looks at anything else, but not on the index', async () => {
    const headers = { authorization: 'Bearer bad' }
    for (const [method, url] of [
      ['GET', '/meshes'],
      ['POST', '/meshes'],
    ] as const) {
      const response = await lab.ask(method, url, { headers })
      expect(response.statusCode).toBe(401)
      expect(response.json()).toMatchObject({ title: 'Invalid authentication data', detail: 'Unauthenticated' })
    }
    expect((await lab.ask('GET', '/', { headers })).statusCode).toBe(200)
  })

  test('prints JSON indented by one space, with a newline at its end and nothing escaped for HTML', async () => {
    await lab.put('Mesh', 'a', { labels: { k: '<&>' } })
    const response = await lab.ask('GET', '/meshes/a')
    expect(response.headers['content-type']).toBe('application/json')
    expect(response.body.split('\n').slice(0, 3)).toEqual(['{', ' "type": "Mesh",', ' "name": "a",'])
    expect(response.body).toContain('  "k": "<&>"\n')
    expect(response.body.endsWith('}\n')).toBe(true)
  })

  test('ignores a trailing slash', async () => {
    expect((await lab.ask('GET', '/meshes/')).statusCode).toBe(200)
    expect((await lab.ask('GET', `${PREFIX}/meshes/`)).statusCode).toBe(200)
  })

  test('serves each control plane under its own prefix', async () => {
    await lab.otherStore.commit([
      {
        kind: 'put',
        expect: 'absent',
        resource: { ...(await meshOf(lab)), name: 'theirs' },
      },
    ])
    const names = async (url: string) => ((await lab.get(url)).body.items as { name: string }[]).map(({ name }) => name)
    expect(await names('/meshes')).toEqual(['default'])
    expect(await names(`${PREFIX}/meshes`)).toEqual(['theirs'])
    expect(await names('/v1/mesh/control-planes/default/api/meshes')).toEqual(['default'])
    expect((await lab.ask('GET', `${PREFIX}/meshes/default`)).statusCode).toBe(404)
  })

  test('answers the index of a control plane with and without a slash', async () => {
    for (const url of [PREFIX, `${PREFIX}/`]) expect((await lab.get(url)).body.product).toBe('Kuma')
  })

  test('does not know a control plane that is not there', async () => {
    const { status, body } = await lab.get('/v1/mesh/control-planes/nobody/api/meshes')
    expect(status).toBe(404)
    expect(body.detail).toBe('Not found')
  })

  test('takes names longer than Fastify would by itself', async () => {
    const { status } = await lab.get(`/meshes/default/meshtimeouts/${'a'.repeat(253)}`)
    expect(status).toBe(404)
    expect((await lab.ask('GET', `/_kri/kri_mt_default_zone_ns_${'a'.repeat(253)}_`)).statusCode).toBe(404)
  })

  test('refuses a body that is larger than KDS can carry', async () => {
    const body = `"${'x'.repeat(10 * 1024 * 1024)}"`
    const response = await lab.ask('PUT', '/meshes/a', { body })
    expect(response.statusCode).toBe(413)
    expect(response.json().detail).toMatch(/10 MiB/)
  })

  test('hides what went wrong inside', async () => {
    const broken = await apiLab({ tenantStore: async () => Promise.reject(new Error('secret detail')) })
    const { status, body } = await broken.get('/meshes')
    expect(status).toBe(500)
    expect(JSON.stringify(body)).not.toContain('secret')
    expect(body.detail).toBe('Internal Server Error')
  })
})

async function meshOf(lab: ApiLab) {
  const mesh = await lab.store.get({ type: 'Mesh', mesh: undefined, name: 'default' })
  if (!mesh) throw new Error('the lab has a mesh')
  return mesh
}
