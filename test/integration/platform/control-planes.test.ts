import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ManagerLab } from './manager-lab.js'

const PATH = '/v1/mesh/control-planes'

let lab: ManagerLab
let id: string

beforeAll(async () => {
  lab = await new ManagerLab({ 'us-1': 'us', 'us-2': 'us', 'eu-1': 'eu' }).start()
})
afterAll(() => lab.stop())

let count = 0
beforeEach(async () => {
  count += 1
  id = await lab.newControlPlane(`team-${count}`)
})

describe('a control plane', () => {
  test('is made here and at its global, in the shape that Konnect documents', async () => {
    const body = {
      name: 'production',
      description: 'of the shop',
      labels: { env: 'prod' },
      features: [{ type: 'MeshCreation', meshCreation: { enabled: true } }],
    }
    const made = await lab.call('POST', PATH, { body, headers: { 'x-zonelab-shard': 'us-2' } })
    expect(made).toMatchObject({ status: 201, type: 'application/json', body: { ...body, version: 'v2' } })
    expect(made.body.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
    expect(made.body.created_at).toBe(made.body.updated_at)
    expect(lab.global('us-2').tenants.has(made.body.id)).toBe(true)
    expect(lab.global('us-1').tenants.has(made.body.id)).toBe(false)
    expect(await lab.call('GET', `${PATH}/${made.body.id}`)).toMatchObject({ status: 200, body: made.body })
    expect(await lab.call('GET', `${PATH}/${made.body.id.toUpperCase()}`)).toMatchObject({ status: 200 })
  })

  test('goes to the emptiest global of its region when none is asked for', async () => {
    const held = () => [lab.global('us-1').tenants.size, lab.global('us-2').tenants.size]
    for (let made = 0; made < 4; made += 1) await lab.newControlPlane(`spread-${count}-${made}`)
    const [one = 0, two = 0] = held()
    expect(Math.abs(one - two)).toBeLessThanOrEqual(1)
  })

  test('is changed as a whole by PUT and in parts by PATCH, where null takes a label away', async () => {
    const put = await lab.call('PUT', `${PATH}/${id}`, {
      body: { name: `renamed-${count}`, labels: { a: '1', b: '2' } },
    })
    expect(put).toMatchObject({
      status: 200,
      body: { name: `renamed-${count}`, description: '', labels: { a: '1', b: '2' } },
    })
    const patch = await lab.call('PATCH', `${PATH}/${id}`, { body: { labels: { a: null, c: '3' } } })
    expect(patch.body).toMatchObject({ name: `renamed-${count}`, labels: { b: '2', c: '3' } })
    expect((await lab.call('PUT', `${PATH}/${id}`, { body: { name: 'x', labels: { a: null } } })).status).toBe(400)
  })

  test('has a name of its own in its organisation', async () => {
    const again = await lab.call('POST', PATH, { body: { name: `team-${count}` } })
    expect(again).toMatchObject({
      status: 409,
      type: 'application/problem+json',
      body: { title: 'Conflict', type: 'https://kongapi.info/konnect/conflict' },
    })
    const elsewhere = await lab.call('POST', PATH, { body: { name: `team-${count}` }, token: lab.adminToken('other') })
    expect(elsewhere.status).toBe(201)
  })

  test('is removed here and at its global', async () => {
    expect(await lab.call('DELETE', `${PATH}/${id}`)).toMatchObject({ status: 204, body: '' })
    expect([...lab.globals.values()].some(({ tenants }) => tenants.has(id))).toBe(false)
    expect((await lab.call('GET', `${PATH}/${id}`)).status).toBe(404)
    expect((await lab.call('DELETE', `${PATH}/${id}`)).status).toBe(404)
  })

  test('stays while a zone is online', async () => {
    const tenant = [...lab.globals.values()].flatMap(({ tenants }) => tenants.get(id) ?? [])[0]
    tenant?.online.add('zone1')
    expect(await lab.call('DELETE', `${PATH}/${id}`)).toMatchObject({
      status: 400,
      body: {
        title: 'Bad Request',
        invalid_parameters: [
          { field: 'cpID', rule: 'invalid', reason: 'zone "zone1" is still online. Disconnect the zone first' },
        ],
      },
    })
    tenant?.online.delete('zone1')
    expect((await lab.call('DELETE', `${PATH}/${id}`)).status).toBe(204)
  })

  test('is deleted by force whatever is online', async () => {
    const id = await lab.newControlPlane(`forced-${count}`)
    lab.global('us-1').tenants.get(id)?.online.add('zone1')
    expect((await lab.call('DELETE', `${PATH}/${id}?force=yes`)).status).toBe(400)
    expect((await lab.call('DELETE', `${PATH}/${id}?force=true`)).status).toBe(204)
    expect(lab.global('us-1').tenants.has(id)).toBe(false)
  })

  test('is of one region, and not to be had at the address of another', async () => {
    const european = await lab.newControlPlane(`eu-${count}`, { region: 'eu' })
    expect(lab.global('eu-1').tenants.has(european)).toBe(true)
    expect((await lab.call('GET', `${PATH}/${european}`, { region: 'eu' })).status).toBe(200)
    expect((await lab.call('GET', `${PATH}/${european}`)).status).toBe(404)
    const { body } = await lab.call('GET', `${PATH}?page[size]=1000`, { region: 'eu' })
    expect(body.data.map((row: { id: string }) => row.id)).not.toContain(id)
  })
})

describe('what is asked for wrongly', () => {
  test.each([
    [{}, [{ field: 'name', rule: 'required', source: 'body' }]],
    [{ name: '' }, [{ field: 'name', rule: 'min_length', minimum: 1 }, { rule: 'matches_regex' }]],
    [{ name: 'x'.repeat(101) }, [{ field: 'name', rule: 'max_length', maximum: 100 }]],
    [{ name: '-x' }, [{ field: 'name', rule: 'matches_regex' }]],
    [{ name: 7 }, [{ field: 'name', rule: 'is_string' }]],
    [{ name: 'x', colour: 'blue' }, [{ field: 'colour', rule: 'unknown_property' }]],
    [{ name: 'x', version: '2' }, [{ field: 'version', rule: 'matches_regex' }]],
    [{ name: 'x', description: 'd'.repeat(251) }, [{ field: 'description', rule: 'max_length' }]],
    [{ name: 'x', labels: { a: '-' } }, [{ field: 'labels.a', rule: 'is_label' }]],
    [{ name: 'x', labels: { 'a b': '1' } }, [{ field: 'labels.a b', rule: 'is_label', reason: 'is not a label key' }]],
    [{ name: 'x', labels: Object.fromEntries([...'abcdefghijk'].map((key) => [key, '1'])) }, [{ rule: 'max_items' }]],
    [{ name: 'x', features: [{ type: 'Magic' }] }, [{ field: 'features.0.type' }]],
    [{ name: 'x', id: 'y', shard: 'us-2' }, [{ field: 'id' }, { field: 'shard' }]],
  ])('%j', async (body, parameters) => {
    const refused = await lab.call('POST', PATH, { body })
    expect(refused).toMatchObject({ status: 400, type: 'application/problem+json' })
    expect(refused.body).toMatchObject({ title: 'Bad Request', detail: 'Invalid Parameters' })
    expect(refused.body.instance).toMatch(/^konnect:trace:\d+$/)
    expect(refused.body.invalid_parameters).toMatchObject(parameters)
    if (Object.keys(body).length < 2) expect(refused.body.invalid_parameters[0].reason).not.toBe('')
  })

  test('bodies that are no JSON, too long, or in the way of prototypes', async () => {
    expect((await lab.call('POST', PATH, { body: '{' })).status).toBe(400)
    expect((await lab.call('POST', PATH, { body: `"${'x'.repeat(70_000)}"` })).status).toBe(413)
    const polluting = '{"name":"x","labels":{"__proto__":"1","constructor":"2"}}'
    const { status, body } = await lab.call('POST', PATH, { body: polluting })
    expect(status === 400 || !Object.hasOwn(body.labels, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>).constructor).toBe(Object)
  })

  test('a shard that there is not, or is of another region', async () => {
    for (const shard of ['us-9', 'eu-1']) {
      const refused = await lab.call('POST', PATH, { body: { name: 'x' }, headers: { 'x-zonelab-shard': shard } })
      expect(refused).toMatchObject({
        status: 400,
        body: { invalid_parameters: [{ rule: 'enum', choices: ['us-1', 'us-2'], source: 'header' }] },
      })
    }
  })
})

describe('the list', () => {
  let shop: ManagerLab
  const names = async (query: string) => {
    const { body } = await shop.call('GET', `${PATH}?${query}`)
    return body.data.map(({ name }: { name: string }) => name)
  }

  beforeAll(async () => {
    shop = await new ManagerLab().start()
    for (const [name, env] of Object.entries({ 'shop-prod': 'prod', 'shop-test': 'test', 'bank-prod': 'prod' })) {
      await shop.newControlPlane(name, { body: { name, labels: { env } } })
    }
  })
  afterAll(() => shop.stop())

  test('comes in pages', async () => {
    const { body } = await shop.call('GET', `${PATH}?page[size]=2&page[number]=2`)
    expect(body).toMatchObject({ meta: { page: { size: 2, number: 2, total: 3 } }, data: [{ name: 'bank-prod' }] })
    expect((await shop.call('GET', `${PATH}?page[size]=2&page[number]=9`)).body.data).toEqual([])
  })

  test.each([
    ['filter[name]=shop-prod', ['shop-prod']],
    ['filter[name][eq]=shop', []],
    ['filter[name][contains]=shop', ['shop-prod', 'shop-test']],
    ['filter[labels.env]=prod', ['shop-prod', 'bank-prod']],
    ['filter[labels.env][neq]=prod', ['shop-test']],
    ['filter[labels.env][oeq]=prod,test', ['shop-prod', 'shop-test', 'bank-prod']],
    ['filter[labels.env][ocontains]=es,xx', ['shop-test']],
    ['filter[labels.env]=prod&filter[name][contains]=bank', ['bank-prod']],
    ['filter[labels.__proto__]=x', []],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected)
  })

  test.each([
    ['page[size]=0', 'page[size]'],
    ['page[size]=1001', 'page[size]'],
    ['page[number]=1e3', 'page[number]'],
    ['filter[name][like]=x', '[filter][name][like]'],
    ['filter[colour]=x', '[filter][colour][eq]'],
    ['filter[constructor]=x', '[filter][constructor][eq]'],
    ['filter=x', '[filter][filter][eq]'],
  ])('refuses %s', async (query, field) => {
    const refused = await shop.call('GET', `${PATH}?${query}`)
    expect(refused).toMatchObject({ status: 400, body: { invalid_parameters: [{ field, source: 'query' }] } })
  })
})
