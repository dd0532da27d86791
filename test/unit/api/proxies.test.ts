import { beforeEach, describe, expect, test } from 'vitest'
import type { ProxyQuestion } from '../../../src/api/options.js'
import { DEFAULT_ACCESS } from '../../../src/auth/access.js'
import { AppError } from '../../../src/base/errors.js'
import type { Resource } from '../../../src/model/resource.js'
import { type ApiLab, apiLab } from './api-lab.js'

const PROXY = '/meshes/default/dataplanes/d'

async function withDataplane(lab: ApiLab): Promise<ApiLab> {
  await lab.put('Mesh', 'default')
  await lab.put('Dataplane', 'd', { spec: { networking: { address: '1.1.1.1' } } })
  return lab
}

describe("a proxy's own answers", () => {
  let lab: ApiLab
  let asked: { question: ProxyQuestion; name: string }[]
  beforeEach(async () => {
    asked = []
    const ask = async (_store: unknown, { name }: Resource, question: ProxyQuestion) => {
      asked.push({ question, name })
      return Buffer.from('{"a":1}')
    }
    lab = await withDataplane(await apiLab({ proxies: { ask } }))
  })

  test.each([
    ['xds', 'application/json', { kind: 'xds', includeEds: false }],
    ['xds?include_eds=true', 'application/json', { kind: 'xds', includeEds: true }],
    ['xds?include_eds=1', 'application/json', { kind: 'xds', includeEds: true }],
    ['xds?include_eds=maybe', 'application/json', { kind: 'xds', includeEds: false }],
    ['stats', 'text/plain', { kind: 'stats', format: 'text', usedOnly: true }],
    ['stats?format=json&usedonly=false', 'application/json', { kind: 'stats', format: 'json', usedOnly: false }],
    ['clusters', 'text/plain', { kind: 'clusters', format: 'text' }],
    ['clusters?format=json', 'application/json', { kind: 'clusters', format: 'json' }],
  ])('to %s come as %s', async (path, type, question) => {
    const response = await lab.ask('GET', `${PROXY}/${path}`)
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe(type)
    expect(response.body).toBe('{"a":1}')
    expect(asked).toEqual([{ question, name: 'd' }])
  })

  test('to another word are not found', async () => {
    const { status, body } = await lab.get(`${PROXY}/bogus`)
    expect(status).toBe(404)
    expect(body).toMatchObject({ title: 'Could not execute admin operation', detail: 'Not found' })
  })

  test('are not to be had from a dataplane that is not there', async () => {
    const { status, body } = await lab.get('/meshes/default/dataplanes/nope/stats')
    expect(status).toBe(404)
    expect(body.title).toBe('Could not get dataplane resource')
  })

  test('follow their own rights', async () => {
    const nobody = { users: [], groups: [] }
    lab = await withDataplane(await apiLab({ access: { ...DEFAULT_ACCESS, viewStats: nobody } }))
    const { status, body } = await lab.get(`${PROXY}/stats`)
    expect(status).toBe(403)
    expect(body.detail).toMatch(/cannot access envoy proxy info$/)
  })

  test('are refused with the reason while the zone is away', async () => {
    const ask = async (): Promise<never> => {
      throw new AppError('zone-offline', 'zone east is offline')
    }
    lab = await withDataplane(await apiLab({ proxies: { ask } }))
    const { status, body } = await lab.get(`${PROXY}/xds`)
    expect(status).toBe(400)
    expect(body).toMatchObject({ title: 'Could not execute admin operation', detail: 'zone east is offline' })
  })
})

describe('the configuration that a zone makes for a proxy', () => {
  const zone = { cp: { mode: 'zone', zone: 'east' } } as const
  let lab: ApiLab
  beforeEach(async () => {
    const build = async (_store: unknown, _dataplane: Resource, { shadow }: { shadow: boolean }) => ({
      cluster: { a: { timeout: shadow ? '1s' : '5s' }, 'b/~': { x: 1 } },
      ...(shadow ? { added: {} } : { removed: [] }),
    })
    lab = await withDataplane(await apiLab({ ...zone, proxyConfig: { build } }))
    await lab.put('DataplaneInsight', 'd')
  })

  test('is shown by type and name', async () => {
    expect((await lab.get(`${PROXY}/_config`)).body).toEqual({
      xds: { cluster: { a: { timeout: '5s' }, 'b/~': { x: 1 } }, removed: [] },
    })
  })

  test('differs in shadow mode by what the patch says', async () => {
    const { body } = await lab.get(`${PROXY}/_config?shadow=true&include=diff`)
    expect(body.diff).toEqual([
      { op: 'add', path: '/added', value: {} },
      { op: 'replace', path: '/cluster/a/timeout', value: '1s' },
      { op: 'remove', path: '/removed' },
    ])
    expect((await lab.get(`${PROXY}/_config?include=diff`)).body.diff).toEqual([])
  })

  test.each([
    ['shadow=maybe', 'shadow'],
    ['include=diff,all', 'include'],
  ])('is refused for %s', async (query, parameter) => {
    const { status, body } = await lab.get(`${PROXY}/_config?${query}`)
    expect(status).toBe(400)
    expect(body.detail).toBe(`bad request: unsupported value for query parameter '${parameter}'`)
  })

  test('is not known of a proxy that never connected', async () => {
    await lab.put('Dataplane', 'e')
    const { status, body } = await lab.get('/meshes/default/dataplanes/e/_config')
    expect(status).toBe(404)
    expect(body.title).toBe('Failed to fetch dataplane insight')
  })

  test('is not to be had from a global', async () => {
    const { status, body } = await (await withDataplane(await apiLab())).get(`${PROXY}/_config`)
    expect(status).toBe(405)
    expect(body).toMatchObject({ title: 'Method not allowed', detail: 'Not allowed on global CP' })
  })
})
