import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { FakeClock } from '../../support/fake-clock.js'
import { call, ManagerLab, OPERATOR_TOKEN } from './manager-lab.js'

const PATH = '/v1/mesh/control-planes'

let lab: ManagerLab
/** Stamps are stepped, timers are real. */
let steps: FakeClock

beforeEach(async () => {
  steps = new FakeClock(systemClock.nowMs())
  const clock = { ...systemClock, nowMs: () => steps.nowMs() }
  lab = await new ManagerLab(undefined, { clock }).start()
})
afterEach(() => lab.stop())

interface Page {
  readonly items: readonly Record<string, unknown>[]
  readonly meta: { readonly page: { readonly size: number; readonly next?: string } }
}

const pageOf = (query: Readonly<Record<string, string>> = {}) =>
  call(`${lab.operatorUrl}/audit?${new URLSearchParams(query)}`, 'GET', { token: OPERATOR_TOKEN })
const refusals = async () => {
  const { items } = (await pageOf()).body as Page
  return items.filter(({ action }) => action === 'refused call')
}

describe('what was refused to somebody who is known', () => {
  test('is in the audit of his organisation: who, what, why and which request, and no token', async () => {
    const shop = await lab.newControlPlane('shop')
    const viewer = await lab.newAccount('viewer', { role: 'Viewer', on: shop })
    const refused = await lab.call('DELETE', `${PATH}/${shop}`, { token: viewer.token })
    expect(refused.status).toBe(403)
    await expect.poll(refusals).toMatchObject([
      {
        actor: { kind: 'account', id: viewer.id, name: 'viewer' },
        tokenId: expect.any(String),
        object: 'DELETE /v1/mesh/control-planes/:cpId',
        controlPlane: shop,
        source: '127.0.0.1',
        result: 'refused',
        reason: 'permission-denied',
        requestId: refused.body.instance.replace('konnect:trace:', ''),
      },
    ])
    expect(JSON.stringify(await refusals())).not.toMatch(/[sk]pat_/)
  })

  test.each([
    [
      'a name that is taken',
      () => lab.call('POST', '/v3/teams', { body: { name: 'a', description: '' } }),
      'already-exists',
    ],
    ['a mistake in a body', () => lab.call('POST', '/v3/teams', { body: { nam: 'a' } }), 'invalid-argument'],
    ['a deletion of what is not there', () => lab.call('DELETE', '/v3/teams/x'), 'not-found'],
    ['a zone that is there', () => provision(), 'status 409'],
    ["the global's own refusal", () => lab.call('DELETE', `${api}/zones/spat_Secret`), 'status 404'],
  ])('%s', async (_what, ask, reason) => {
    await lab.call('POST', '/v3/teams', { body: { name: 'a', description: '' } })
    api = `${PATH}/${await lab.newControlPlane('shop')}/api`
    await provision()
    const { status } = await ask()
    expect(status).toBeGreaterThanOrEqual(400)
    await expect.poll(async () => (await refusals()).map((entry) => entry.reason)).toEqual([reason])
    expect(JSON.stringify(await refusals())).not.toContain('Secret')
  })

  test('a token that counts no more is told of, under the name of its holder; an unknown one has nobody to tell', async () => {
    const { id, token } = await lab.newAccount('robot')
    await lab.call('GET', PATH, { token: `${token}x` })
    await lab.call('GET', PATH, { token: null })
    steps.step(3_600_001)
    expect((await lab.call('GET', PATH, { token })).status).toBe(401)
    await expect.poll(refusals).toMatchObject([{ actor: { id, name: 'robot' }, reason: 'token expired' }])
  })

  test('is told once a minute, however often it is tried; what he may not see is no mistake of his', async () => {
    const { token } = await lab.newAccount('nobody')
    for (let count = 0; count < 5; count += 1) await lab.call('GET', '/v3/users', { token })
    await lab.call('GET', `${PATH}/${'0'.repeat(8)}-0000-4000-8000-000000000000`, { token })
    await expect.poll(async () => (await refusals()).length).toBe(1)
  })
})

let api = ''
const provision = () => lab.call('POST', `${api}/provision-zone`, { body: { name: 'zone-1' } })

describe('the audit', () => {
  test('is read page by page, in order of time, over all organisations', async () => {
    for (let index = 0; index < 4; index += 1) {
      for (const organization of ['acme', 'other'] as const) {
        steps.step(1_000)
        const body = { name: `${organization}-${index}`, description: '' }
        await lab.call('POST', '/v3/teams', { token: lab.adminToken(organization), body })
      }
    }
    const objects: unknown[] = []
    const sizes: number[] = []
    let query: Record<string, string> = { 'page[size]': '3' }
    for (let page: Page | undefined; page === undefined || page.meta.page.next !== undefined; ) {
      page = (await pageOf(query)).body as Page
      sizes.push(page.items.length)
      objects.push(...page.items.map(({ object }) => object))
      query = { 'page[size]': '3', 'page[after]': page.meta.page.next ?? '' }
    }
    expect(Math.max(...sizes)).toBe(3)
    const teams = [0, 1, 2, 3].flatMap((index) => [`team acme-${index}`, `team other-${index}`])
    expect(objects.slice(-teams.length)).toEqual(teams)
    expect(new Set(objects).size).toBe(objects.length)
  })

  test('refuses pages that there are not', async () => {
    for (const query of [
      { 'page[size]': '0' },
      { 'page[size]': '1001' },
      { 'page[size]': '-1' },
      { 'page[after]': 'x' },
    ]) {
      expect((await pageOf(query)).status).toBe(400)
    }
  })
})
