import { beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/model/json.js'
import { type ApiLab, apiLab } from './api-lab.js'

const PROXY = '/meshes/default/dataplanes/web-1'
const BACKEND_KRI = 'kri_msvc_default___backend_'
const to = (kind: string, conf: JsonObject, labels?: JsonObject) => ({
  to: [{ targetRef: { kind, ...(labels && { labels }) }, default: conf }],
})
const byName = (name: string) => ({ 'kuma.io/display-name': name })

/** One dataplane with an inbound and a listener of policies: one on the mesh, one on a service, one inbound, one proxy. */
async function shop(): Promise<ApiLab> {
  const lab = await apiLab()
  await lab.put('Mesh', 'default', { labels: { 'kuma.io/origin': 'global', team: 'x' } })
  await lab.put('Dataplane', 'web-1', {
    labels: { app: 'web' },
    spec: {
      networking: {
        address: '1.1.1.1',
        inbound: [{ port: 8080, name: 'main', protocol: 'http' }, { port: 9090 }],
        outbound: [{ port: 1, backendRef: { kind: 'MeshService', name: 'backend', port: 80 } }],
      },
    },
  })
  await lab.put('Dataplane', 'db-1', {
    labels: { app: 'db' },
    spec: { networking: { address: '1.1.1.2', inbound: [{ port: 1 }] } },
  })
  const selector = { dataplaneLabels: { matchLabels: { app: 'db' } } }
  await lab.put('MeshService', 'backend', {
    labels: byName('backend'),
    spec: { selector, ports: [{ port: 80, name: 'http', appProtocol: 'http' }] },
  })
  await lab.put('MeshTimeout', 'all', { spec: to('Mesh', { connectionTimeout: '5s', idleTimeout: '1h0m0s' }) })
  await lab.put('MeshTimeout', 'one', { spec: to('MeshService', { connectionTimeout: '1s' }, byName('backend')) })
  await lab.put('MeshTimeout', 'in', {
    spec: {
      targetRef: { kind: 'Dataplane', labels: { app: 'web' }, sectionName: 'main' },
      rules: [{ default: { idleTimeout: '9s' } }],
    },
  })
  await lab.put('MeshTrace', 'trace', { spec: { default: { backends: [] } } })
  return lab
}

const reference = (type: string, name: string, labels = {}) => ({ type, mesh: 'default', name, labels })

describe('the rules of a dataplane', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await shop()
  })

  test('are what each kind of policy says of its inbounds, its destinations and itself', async () => {
    const { body } = await lab.get(`${PROXY}/_rules`)
    expect(body).toEqual({
      httpMatches: [],
      resource: reference('Dataplane', 'web-1', { app: 'web' }),
      rules: [
        {
          type: 'MeshTrace',
          inboundRules: [],
          proxyRule: { conf: { backends: [] }, origin: [reference('MeshTrace', 'trace')] },
          toResourceRules: [],
          warnings: [],
        },
        {
          type: 'MeshTimeout',
          inboundRules: [
            {
              inbound: { name: 'main', port: 8080, tags: null },
              rules: [
                {
                  conf: [{ idleTimeout: '9s' }],
                  origin: [{ resourceMeta: reference('MeshTimeout', 'in'), ruleIndex: 0 }],
                },
              ],
            },
          ],
          toResourceRules: [
            {
              conf: [{ connectionTimeout: '1s', idleTimeout: '1h0m0s' }],
              origin: [
                { resourceMeta: reference('MeshTimeout', 'all'), ruleIndex: 0 },
                { resourceMeta: reference('MeshTimeout', 'one'), ruleIndex: 0 },
              ],
              resourceMeta: reference('MeshService', 'backend', byName('backend')),
              resourceSectionName: '',
            },
            {
              conf: [{ connectionTimeout: '5s', idleTimeout: '1h0m0s' }],
              origin: [{ resourceMeta: reference('MeshTimeout', 'all'), ruleIndex: 0 }],
              resourceMeta: { type: 'Mesh', mesh: '', name: 'default', labels: { 'kuma.io/origin': 'global' } },
              resourceSectionName: '',
            },
          ],
          warnings: [],
        },
      ],
    })
  })

  test('list the matches of routes by their hash', async () => {
    const matches = [{ path: { type: 'PathPrefix', value: '/api' } }]
    const targetRef = { kind: 'MeshService', labels: byName('backend') }
    const rules = [{ matches, default: {} }]
    await lab.put('MeshHTTPRoute', 'r', { spec: { to: [{ targetRef, rules }] } })
    const { body } = await lab.get(`${PROXY}/_rules`)
    expect(body.httpMatches).toEqual([{ hash: expect.stringMatching(/^[\w+/]{43}=$/), match: matches }])
  })

  test('say on request what became of each policy, and why of those that came to nothing', async () => {
    await lab.put('MeshTimeout', 'theirs', {
      spec: { ...to('Mesh', {}), targetRef: { kind: 'Dataplane', labels: { app: 'db' } } },
    })
    const { body } = await lab.get(`${PROXY}/_rules?explain=true`)
    const effects = body.effects as { policy: { name: string }; holds: string[]; reasons: string[] }[]
    expect(effects).toHaveLength(5)
    expect(
      Object.fromEntries(effects.map(({ policy, holds, reasons }) => [policy.name, { holds, reasons }])),
    ).toMatchObject({
      in: { holds: ['inbound main'], reasons: [] },
      one: { holds: [`${BACKEND_KRI}http`], reasons: [] },
      theirs: { holds: [], reasons: ['the dataplane has no label app: db'] },
      trace: { holds: [], reasons: ['zonelab does not turn MeshTrace into Envoy configuration'] },
    })
    expect((await lab.get(`${PROXY}/_rules`)).body).not.toHaveProperty('effects')
  })

  test('ask for identity where a kind is about it', async () => {
    await lab.put('MeshTLS', 'tls', { spec: { rules: [{ default: { mode: 'Strict' } }] } })
    const effectOf = async (of: ApiLab) => {
      const { body } = await of.get(`${PROXY}/_rules?explain=true`)
      return (body.effects as { policy: { name: string }; holds: string[] }[]).find(
        ({ policy }) => policy.name === 'tls',
      )
    }
    expect(await effectOf(lab)).toMatchObject({ holds: [] })
    const { store } = lab
    const known = await apiLab({ tenantStore: async () => store, spiffeId: async () => 'spiffe://d/web' })
    expect(await effectOf(known)).toMatchObject({ holds: ['inbound main', 'inbound 9090'] })
  })

  test.each([
    ['/meshes/default/dataplanes/nope/_rules', 'Could not retrieve Dataplane'],
    ['/meshes/nope/dataplanes/web-1/_rules', 'Failed to retrieve Mesh'],
  ])('at %s are not found', async (url, title) => {
    const { status, body } = await lab.get(url)
    expect(status).toBe(404)
    expect(body).toMatchObject({ title, detail: 'Not found' })
  })
})

describe('the policies of a part of a dataplane', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await shop()
  })

  const policies = async (path: string) => (await lab.get(`${PROXY}/${path}`)).body

  test('are those of the proxy itself', async () => {
    expect(await policies('_policies')).toEqual({
      policies: [{ conf: { backends: [] }, kind: 'MeshTrace', origins: [{ kri: 'kri_mtr_default___trace_' }] }],
    })
  })

  test('are those of an inbound', async () => {
    expect(await policies('_inbounds/kri_dp_default___web-1_main/_policies')).toEqual({
      policies: [
        {
          kind: 'MeshTimeout',
          origins: [{ kri: 'kri_mt_default___in_' }],
          rules: [{ conf: { idleTimeout: '9s' }, kri: 'kri_mt_default___in_' }],
        },
      ],
    })
    expect(await policies('_inbounds/kri_dp_default___web-1_9090/_policies')).toEqual({ policies: [] })
  })

  test('are not known of an inbound that is not there', async () => {
    const { status, body } = await lab.get(`${PROXY}/_inbounds/kri_dp_default___web-1_nope/_policies`)
    expect(status).toBe(404)
    expect(body.title).toBe('Failed building response')
  })

  test('are those of an outbound, merged', async () => {
    const merged = { connectionTimeout: '1s', idleTimeout: '1h0m0s' }
    const origins = [{ kri: 'kri_mt_default___all_' }, { kri: 'kri_mt_default___one_' }]
    for (const section of ['', 'http']) {
      expect(await policies(`_outbounds/${BACKEND_KRI}${section}/_policies`)).toEqual({
        policies: [{ conf: [merged], kind: 'MeshTimeout', origins }],
      })
    }
  })

  test('are those of the mesh for an outbound that is not there', async () => {
    expect(await policies('_outbounds/kri_msvc_default___nope_/_policies')).toMatchObject({
      policies: [{ conf: [{ connectionTimeout: '5s' }], origins: [{ kri: 'kri_mt_default___all_' }] }],
    })
  })

  test('are refused for what is no KRI', async () => {
    const { status, body } = await lab.get(`${PROXY}/_outbounds/bogus/_policies`)
    expect(status).toBe(400)
    expect(body.detail).toBe('bad request: invalid identifier string: "bogus"')
  })
})

describe('the routes of a dataplane', () => {
  let lab: ApiLab
  const matches = [{ path: { type: 'PathPrefix', value: '/api' } }]
  const backendRefs = [{ kind: 'MeshService', labels: byName('backend'), port: 80, weight: 1 }]
  const targetRef = { kind: 'MeshService', labels: byName('backend') }
  beforeEach(async () => {
    lab = await shop()
    const rules = [{ matches, default: { backendRefs } }]
    await lab.put('MeshHTTPRoute', 'r', { labels: byName('r'), spec: { to: [{ targetRef, rules }] } })
    await lab.put('MeshTCPRoute', 't', { spec: { to: [{ targetRef, rules: [{ default: { backendRefs } }] }] } })
  })

  test('to a destination say what each rule does and whose it is', async () => {
    expect((await lab.get(`${PROXY}/_outbounds/${BACKEND_KRI}http/_routes`)).body).toEqual({
      routes: [
        {
          kind: 'MeshHTTPRoute',
          origins: [{ kri: 'kri_mhttpr_default___r_' }],
          rules: [{ conf: { backendRefs }, kri: 'kri_mhttpr_default___r_', matches }],
        },
        {
          kind: 'MeshTCPRoute',
          origins: [{ kri: 'kri_mtcpr_default___t_' }],
          rules: [{ conf: { backendRefs }, kri: '', matches: null }],
        },
      ],
    })
  })

  test('have the policies that speak of them, and else those of the destination', async () => {
    const path = `${PROXY}/_outbounds/${BACKEND_KRI}http/_routes/kri_mhttpr_default___r_/_policies`
    expect((await lab.get(path)).body).toMatchObject({ policies: [{ conf: [{ connectionTimeout: '1s' }] }] })
    await lab.put('MeshTimeout', 'elsewhere', { spec: to('MeshHTTPRoute', { connectionTimeout: '7s' }, byName('q')) })
    expect((await lab.get(path)).body).toMatchObject({ policies: [{ conf: [{ connectionTimeout: '1s' }] }] })
    await lab.put('MeshTimeout', 'route', {
      spec: to('MeshHTTPRoute', { http: { requestTimeout: '2s' } }, byName('r')),
    })
    const { body } = await lab.get(path)
    expect(body).toMatchObject({ policies: [{ conf: [{ http: { requestTimeout: '2s' } }], kind: 'MeshTimeout' }] })
  })
})

describe('who is meant', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await shop()
  })

  test('by a policy is a page of dataplanes', async () => {
    const path = '/meshes/default/meshtimeouts'
    expect((await lab.get(`${path}/in/_resources/dataplanes`)).body).toEqual({
      items: [reference('Dataplane', 'web-1', { app: 'web' })],
      total: 1,
    })
    const page = await lab.get(`${path}/all/_resources/dataplanes?size=1`, { headers: { host: 'h' } })
    expect(page.body).toMatchObject({ total: 2, next: `http://h${path}/all/_resources/dataplanes?offset=1&size=1` })
    expect((await lab.get(`${path}/all/_resources/dataplanes?name=web`)).body.total).toBe(1)
    expect((await lab.get(`${path}/nope/_resources/dataplanes`)).body.title).toBe('Could not retrieve policy')
    expect((await lab.get(`/meshes/nope/meshtimeouts/all/_resources/dataplanes`)).status).toBe(404)
  })

  test('by a service is a page of dataplanes', async () => {
    expect((await lab.get('/meshes/default/meshservices/backend/_dataplanes')).body).toEqual({
      items: [reference('Dataplane', 'db-1', { app: 'db' })],
      total: 1,
    })
    await lab.put('MeshService', 'one', { spec: { selector: { dataplaneRef: { name: 'web-1' } } } })
    await lab.put('MeshService', 'none', { spec: { selector: {} } })
    expect((await lab.get('/meshes/default/meshservices/one/_dataplanes')).body.total).toBe(1)
    expect((await lab.get('/meshes/default/meshservices/none/_dataplanes')).body).toEqual({ items: [], total: 0 })
  })

  test('by a policy, in the older form, is a list of attachments', async () => {
    expect((await lab.get('/meshes/default/meshtimeouts/in/dataplanes')).body).toEqual({
      total: 1,
      items: [
        {
          kind: 'SidecarDataplane',
          dataplane: { mesh: 'default', name: 'web-1' },
          attachments: [{ type: 'dataplane' }],
        },
      ],
    })
  })

  test('the policies of a dataplane, in the older form, come by kind', async () => {
    const { body } = await lab.get(`${PROXY}/policies`)
    expect(body).toMatchObject({ kind: 'SidecarDataplane', total: 1, items: [{ type: 'dataplane' }] })
    const [{ matchedPolicies }] = body.items as [{ matchedPolicies: Record<string, { name: string; kri: string }[]> }]
    expect(Object.keys(matchedPolicies)).toEqual(['MeshTrace', 'MeshTimeout'])
    expect(matchedPolicies.MeshTimeout?.map(({ kri }) => kri)).toContain('kri_mt_default___in_')
  })
})
