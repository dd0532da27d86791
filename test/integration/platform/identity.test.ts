import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ManagerLab } from './manager-lab.js'

const ACCOUNTS = '/v3/system-accounts'
const DAY_MS = 86_400_000

let lab: ManagerLab
let account: string
let count = 0

beforeAll(async () => {
  lab = await new ManagerLab().start()
})
afterAll(() => lab.stop())
beforeEach(async () => {
  count += 1
  const { body } = await lab.call('POST', ACCOUNTS, { body: { name: `robot-${count}`, description: 'of the test' } })
  account = `${ACCOUNTS}/${body.id}`
})

const inDays = (days: number) => new Date(lab.clock.nowMs() + days * DAY_MS).toISOString()
const issue = (name: string, expires_at = inDays(1)) =>
  lab.call('POST', `${account}/access-tokens`, { body: { name, expires_at } })
const works = async (token: string) => (await lab.call('GET', '/v3/organizations/me', { token })).status === 200

describe('a system account', () => {
  test('is listed, renamed, and gone with its tokens', async () => {
    const { body: made } = await lab.call('GET', account)
    expect(made).toMatchObject({ name: `robot-${count}`, description: 'of the test', konnect_managed: false })
    const { body: token } = await issue('t')
    const renamed = await lab.call('PATCH', account, { body: { name: `droid-${count}` } })
    expect(renamed.body).toMatchObject({ name: `droid-${count}`, description: 'of the test' })
    const { body: list } = await lab.call('GET', `${ACCOUNTS}?filter[name]=droid-${count}`)
    expect(list).toMatchObject({ meta: { page: { total: 1 } }, data: [{ id: made.id }] })
    expect(await works(token.token)).toBe(true)
    expect((await lab.call('DELETE', account)).status).toBe(204)
    expect(await works(token.token)).toBe(false)
    expect((await lab.call('GET', account)).status).toBe(404)
  })

  test('has a name of its own, and a description', async () => {
    const again = await lab.call('POST', ACCOUNTS, { body: { name: `robot-${count}`, description: '' } })
    expect(again.status).toBe(409)
    const bare = await lab.call('POST', ACCOUNTS, { body: { name: 'x' } })
    expect(bare.body.invalid_parameters).toMatchObject([{ field: 'description', rule: 'required' }])
  })
})

describe("a system account's token", () => {
  test('is shown once, listed without its text, and revoked by deleting it', async () => {
    const { status, body } = await issue('ci')
    expect(status).toBe(201)
    expect(body.token).toMatch(/^spat_[0-9A-Za-z]{49}$/)
    const shown = await lab.call('GET', `${account}/access-tokens/${body.id}`)
    expect(Object.keys(shown.body).sort()).toEqual(
      ['id', 'name', 'created_at', 'updated_at', 'expires_at', 'last_used_at'].sort(),
    )
    const list = await lab.call('GET', `${account}/access-tokens`)
    expect(JSON.stringify(list.body)).not.toContain('spat_')
    expect((await issue('ci')).status).toBe(409)
    const renamed = await lab.call('PATCH', `${account}/access-tokens/${body.id}`, { body: { name: 'cd' } })
    expect(renamed.body.name).toBe('cd')
    expect(await works(body.token)).toBe(true)
    expect((await lab.call('DELETE', `${account}/access-tokens/${body.id}`)).status).toBe(204)
    expect(await works(body.token)).toBe(false)
  })

  test.each([
    ['in the past', () => inDays(-1), 'invalid'],
    ['in more than 12 months', () => inDays(366), 'invalid'],
    ['not at all', () => undefined, 'required'],
    ['on no date', () => 'tomorrow', 'matches_regex'],
    ['at a number', () => 1, 'is_string'],
  ])('cannot expire %s', async (_when, expiresAt, rule) => {
    const refused = await lab.call('POST', `${account}/access-tokens`, {
      body: { name: 't', expires_at: expiresAt() },
    })
    expect(refused).toMatchObject({ status: 400, body: { invalid_parameters: [{ field: 'expires_at', rule }] } })
  })

  test('counts as it is and not otherwise', async () => {
    const { body } = await issue('t')
    const text: string = body.token
    const flipped = text.slice(0, 20) + (text[20] === 'a' ? 'b' : 'a') + text.slice(21)
    const others = [
      text.slice(0, -1),
      `${text}0`,
      flipped,
      text.replace('spat_', 'kpat_'),
      text.slice(5),
      text.toUpperCase(),
    ]
    for (const other of others) expect(await works(other)).toBe(false)
    expect(await works(text)).toBe(true)
  })
})

describe('roles', () => {
  test('are assigned once and taken away', async () => {
    const assigned = await lab.assign(account, { role: 'Viewer', region: 'us' })
    expect(assigned).toMatchObject({
      status: 201,
      body: { role_name: 'Viewer', entity_id: '*', entity_type_name: 'Mesh Control Planes', entity_region: 'us' },
    })
    expect((await lab.assign(account, { role: 'Viewer', region: 'us' })).status).toBe(409)
    const one = `${account}/assigned-roles/${assigned.body.id}`
    expect((await lab.call('GET', one)).body).toEqual(assigned.body)
    expect((await lab.call('DELETE', one)).status).toBe(204)
    expect((await lab.call('GET', one)).status).toBe(404)
  })

  test.each([
    [{ role: 'connector' }, 'role_name'],
    [{ role: 'Admin', on: 'everything' }, 'entity_id'],
    [{ role: 'Admin', on: '11111111-2222-4333-8444-555555555555' }, 'entity_id'],
    [{ role: 'Admin', region: 'mars' }, 'entity_region'],
  ])('refuses %j', async (role, field) => {
    expect(await lab.assign(account, role)).toMatchObject({ status: 400, body: { invalid_parameters: [{ field }] } })
  })

  test('on another kind of entity say nothing about control planes', async () => {
    const { body } = await issue('t')
    const entity = { entity_id: '*', entity_type_name: 'Control Planes', entity_region: '*' }
    const assigned = await lab.call('POST', `${account}/assigned-roles`, { body: { role_name: 'Admin', ...entity } })
    expect(assigned.status).toBe(201)
    await lab.newControlPlane(`unseen-${count}`)
    expect((await lab.call('GET', '/v1/mesh/control-planes', { token: body.token })).body.data).toEqual([])
  })

  test('decide what somebody sees and does, and the maker of a control plane becomes its admin', async () => {
    const shop = await lab.newControlPlane(`shop-${count}`)
    const bank = await lab.newControlPlane(`bank-${count}`)
    const viewer = await lab.newAccount(`viewer-${count}`, { role: 'Viewer', on: shop })
    const creator = await lab.newAccount(`creator-${count}`, { role: 'Creator' })
    const path = '/v1/mesh/control-planes'
    const seen = async (token: string) =>
      (await lab.call('GET', `${path}?page[size]=1000`, { token })).body.data.map(({ id }: { id: string }) => id)
    expect(await seen(viewer.token)).toEqual([shop])
    expect((await lab.call('GET', `${path}/${bank}`, { token: viewer.token })).status).toBe(404)
    expect((await lab.call('DELETE', `${path}/${shop}`, { token: viewer.token })).status).toBe(403)
    expect((await lab.call('POST', path, { token: viewer.token, body: { name: 'x' } })).status).toBe(403)
    const own = await lab.newControlPlane(`own-${count}`, { token: creator.token, body: { name: `own-${count}` } })
    expect(await seen(creator.token)).toEqual(expect.arrayContaining([shop, bank, own]))
    expect((await lab.call('PATCH', `${path}/${bank}`, { token: creator.token, body: {} })).status).toBe(403)
    expect((await lab.call('PATCH', `${path}/${own}`, { token: creator.token, body: {} })).status).toBe(200)
  })
})

describe('teams', () => {
  test('lend their roles to their members for as long as they are members', async () => {
    const shop = await lab.newControlPlane(`team-shop-${count}`)
    const { body: team } = await lab.call('POST', '/v3/teams', { body: { name: `team-${count}` } })
    await lab.assign(`/v3/teams/${team.id}`, { role: 'Viewer', on: shop })
    const { id, token } = await lab.newAccount(`member-${count}`)
    const status = async () => (await lab.call('GET', `/v1/mesh/control-planes/${shop}`, { token })).status
    expect(await status()).toBe(404)
    const members = `/v3/teams/${team.id}/system-accounts`
    expect((await lab.call('POST', members, { body: { account_id: id } })).status).toBe(201)
    expect((await lab.call('GET', members)).body.data).toMatchObject([{ id }])
    expect((await lab.call('GET', `${ACCOUNTS}/${id}/teams`)).body.data).toMatchObject([{ id: team.id }])
    expect(await status()).toBe(200)
    expect((await lab.call('DELETE', `${members}/${id}`)).status).toBe(204)
    expect(await status()).toBe(404)
  })

  test('that are predefined stay as they are', async () => {
    const { body } = await lab.call('GET', '/v3/teams?filter[name]=Organization Admin')
    const [team] = body.data
    expect(team.system_team).toBe(true)
    expect((await lab.call('DELETE', `/v3/teams/${team.id}`)).status).toBe(403)
    expect((await lab.assign(`/v3/teams/${team.id}`, { role: 'Viewer' })).status).toBe(403)
  })
})

describe('people', () => {
  const newUser = async () => {
    const { body } = await lab.call('POST', '/v3/users', { body: { email: `ann-${count}@acme.example` } })
    const pat = await lab.call('POST', `/v3/users/${body.id}/access-tokens`, {
      body: { name: 'laptop', ttl_seconds: 86_400 },
    })
    return { id: body.id, token: pat.body.konnect_token as string, tokenId: pat.body.id as string }
  }

  test('have tokens of their own, which they see and revoke themselves', async () => {
    const { id, token, tokenId } = await newUser()
    expect(token).toMatch(/^kpat_/)
    expect((await lab.call('GET', '/v3/users/me', { token })).body).toMatchObject({ id })
    const own = `/v3/users/${id}/access-tokens`
    expect((await lab.call('GET', own, { token })).body.data).toMatchObject([{ name: 'laptop', state: 'ACTIVE' }])
    expect((await lab.call('GET', '/v3/users', { token })).status).toBe(403)
    expect((await lab.call('GET', ACCOUNTS, { token })).status).toBe(403)
    const admin = (await lab.call('GET', '/v3/users/me')).body
    expect((await lab.call('GET', `/v3/users/${admin.id}/access-tokens`, { token })).status).toBe(403)
    const revoked = await lab.call('PATCH', `${own}/${tokenId}/revoke`, { token })
    expect(revoked.body.state).toBe('REVOKED')
    expect(await works(token)).toBe(false)
  })

  test('have at most ten tokens, of a day to a year', async () => {
    const { id, token } = await newUser()
    const ask = (name: string, ttl_seconds: number) =>
      lab.call('POST', `/v3/users/${id}/access-tokens`, { token, body: { name, ttl_seconds } })
    expect((await ask('x', 86_399)).body.invalid_parameters).toMatchObject([{ rule: 'min_value', minimum: 86_400 }])
    expect((await ask('x', 31_536_001)).body.invalid_parameters).toMatchObject([{ rule: 'max_value' }])
    for (let n = 2; n <= 10; n += 1) expect((await ask(`t${n}`, 86_400)).status).toBe(201)
    expect((await ask('t11', 86_400)).body.invalid_parameters).toMatchObject([{ rule: 'max_items', maximum: 10 }])
  })

  test('who are not active any more, or whose organisation wants no tokens of people, are nobody', async () => {
    const { id, token } = await newUser()
    await lab.call('PATCH', `/v3/users/${id}`, { body: { active: false } })
    expect(await works(token)).toBe(false)
    await lab.call('PATCH', `/v3/users/${id}`, { body: { active: true } })
    expect(await works(token)).toBe(true)
    const { token: robot } = await lab.newAccount(`admin-robot-${count}`)
    const { body: team } = await lab.call('GET', '/v3/teams?filter[name]=Organization Admin')
    const { body: robots } = await lab.call('GET', `${ACCOUNTS}?filter[name]=admin-robot-${count}`)
    await lab.call('POST', `/v3/teams/${team.data[0].id}/system-accounts`, { body: { account_id: robots.data[0].id } })
    const allow = (personal_access_tokens: boolean) =>
      lab.call('PATCH', '/v3/organizations/me', { token: robot, body: { personal_access_tokens } })
    expect((await allow(false)).status).toBe(200)
    expect(await works(token)).toBe(false)
    expect(await works(lab.adminToken())).toBe(false)
    await allow(true)
    expect(await works(token)).toBe(true)
  })
})

test('an organisation sees nothing of another, and its tokens open nothing there', async () => {
  const token = lab.adminToken('other')
  expect((await lab.call('GET', account, { token })).status).toBe(404)
  expect((await lab.call('GET', ACCOUNTS, { token })).body.data).toEqual([])
  expect((await lab.call('GET', '/v3/organizations/me', { token })).body).toMatchObject({
    name: 'other',
    state: 'active',
  })
})

test('an organisation that is inactive reads and does not write', async () => {
  const token = lab.adminToken('other')
  const path = '/v1/mesh/control-planes'
  const shop = await lab.newControlPlane(`inactive-${count}`, { token, body: { name: `inactive-${count}` } })
  await lab.call('PATCH', '/v3/organizations/me', { token, body: { state: 'inactive' } })
  expect((await lab.call('GET', `${path}/${shop}`, { token })).status).toBe(200)
  expect((await lab.call('POST', `${path}/${shop}/api/provision-zone`, { token, body: { name: 'z' } })).status).toBe(
    403,
  )
  expect((await lab.call('POST', path, { token, body: { name: 'x' } })).status).toBe(403)
  await lab.call('PATCH', '/v3/organizations/me', { token, body: { state: 'active' } })
  expect((await lab.call('DELETE', `${path}/${shop}`, { token })).status).toBe(204)
})
