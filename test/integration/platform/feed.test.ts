import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FeedLine, FeedReader } from '../../../src/wire/admission-feed.js'
import { ManagerLab } from './manager-lab.js'

const PATH = '/v1/mesh/control-planes'

let lab: ManagerLab
let feeds: Feed[]

beforeEach(async () => {
  feeds = []
  lab = await new ManagerLab({ 'us-1': 'us', 'us-2': 'us' }).start()
})
afterEach(async () => {
  for (const feed of feeds) feed.close()
  await lab.stop()
})

/** What a global makes of its feed. */
class Feed {
  readonly lines: FeedLine[] = []
  readonly controlPlanes = new Map<string, FeedLine>()
  readonly credentials = new Map<string, FeedLine & { readonly kind: 'credential' }>()
  readonly #abort = new AbortController()

  async open(shard: string): Promise<this> {
    feeds.push(this)
    const response = await fetch(`${lab.url()}/internal/shards/${shard}/feed`, {
      headers: { authorization: `Bearer ${lab.shardToken(shard)}` },
      signal: this.#abort.signal,
    })
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    void this.#read(response)
    await expect.poll(() => this.lines.some(({ kind }) => kind === 'complete')).toBe(true)
    return this
  }

  close(): void {
    this.#abort.abort()
  }

  holders(): string[] {
    return [...this.credentials.values()].map(({ holder }) => holder.name).sort()
  }

  async #read(response: Response): Promise<void> {
    const reader = new FeedReader()
    try {
      for await (const piece of response.body ?? []) for (const line of reader.push(piece)) this.#take(line)
    } catch {
      // Closed by the test.
    }
  }

  #take(line: FeedLine): void {
    this.lines.push(line)
    switch (line.kind) {
      case 'control-plane':
        this.controlPlanes.set(line.id, line)
        break
      case 'control-plane-gone':
        this.controlPlanes.delete(line.id)
        break
      case 'credential':
        this.credentials.set(line.digest, line)
        break
      case 'credential-gone':
        this.credentials.delete(line.digest)
    }
  }
}

const digestOf = (token: string) => createHash('sha256').update(token).digest('hex')
const onShard = (shard: string) => ({ headers: { 'x-zonelab-shard': shard } })

describe('the feed of a shard', () => {
  test('begins with the whole state, between reset and complete, and then beats', async () => {
    const shop = await lab.newControlPlane('shop', onShard('us-1'))
    const feed = await new Feed().open('us-1')
    expect(feed.lines[0]?.kind).toBe('reset')
    expect(feed.lines.map(({ kind }) => kind).slice(0, 4)).toEqual(['reset', 'control-plane', 'credential', 'complete'])
    expect(feed.controlPlanes.get(shop)).toMatchObject({
      region: 'us',
      zoneCredentials: 'both',
      personalTokens: true,
      organizationState: 'active',
    })
    expect(feed.credentials.get(digestOf(lab.adminToken()))).toMatchObject({
      tokenKind: 'pat',
      holder: { kind: 'user', name: 'admin@acme.example' },
      grants: [{ role: 'Admin', controlPlane: '*', region: '*' }],
    })
    await expect.poll(() => feed.lines.some(({ kind }) => kind === 'heartbeat'), { timeout: 10_000 }).toBe(true)
  })

  test('names only what the shard holds, and the tokens of those organisations that have something there', async () => {
    const [one, two] = [await new Feed().open('us-1'), await new Feed().open('us-2')]
    expect(one.lines.filter(({ kind }) => kind === 'credential')).toEqual([])
    const shop = await lab.newControlPlane('shop', onShard('us-1'))
    const token = lab.adminToken('other')
    const theirs = await lab.newControlPlane('bank', { ...onShard('us-2'), token, body: { name: 'bank' } })
    await expect.poll(() => [...one.controlPlanes.keys()]).toEqual([shop])
    await expect.poll(() => [...two.controlPlanes.keys()]).toEqual([theirs])
    await expect.poll(() => one.holders()).toEqual(['admin@acme.example'])
    await expect.poll(() => two.holders()).toEqual(['admin@other.example'])
    await lab.call('DELETE', `${PATH}/${shop}`)
    await expect.poll(() => one.controlPlanes.size + one.credentials.size).toBe(0)
  })

  test('says what a provisioned token is for before its owner has it, and that it is gone once it is', async () => {
    const shop = await lab.newControlPlane('shop', onShard('us-1'))
    const feed = await new Feed().open('us-1')
    const { body } = await lab.call('POST', `${PATH}/${shop}/api/provision-zone`, { body: { name: 'zone-1' } })
    const digest = digestOf(body.token)
    await expect
      .poll(() => feed.credentials.get(digest))
      .toMatchObject({
        tokenKind: 'sat',
        holder: { kind: 'account' },
        zone: { controlPlane: shop, name: 'zone-1' },
        grants: [{ role: 'Connector', controlPlane: shop, region: 'us' }],
      })
    expect(JSON.stringify(feed.lines)).not.toContain(body.token)
    await lab.call('DELETE', `${PATH}/${shop}/api/zones/zone-1`)
    await expect.poll(() => feed.credentials.has(digest)).toBe(false)
  })

  test('follows roles, teams, people and what a control plane lets its zones present', async () => {
    const shop = await lab.newControlPlane('shop', onShard('us-1'))
    const feed = await new Feed().open('us-1')
    const { id, token } = await lab.newAccount('robot', { role: 'Viewer', on: shop })
    const grants = () => feed.credentials.get(digestOf(token))?.grants.map(({ role }) => role)
    await expect.poll(grants).toEqual(['Viewer'])
    const { body: team } = await lab.call('POST', '/v3/teams', { body: { name: 'connectors' } })
    await lab.call('POST', `/v3/teams/${team.id}/system-accounts`, { body: { account_id: id } })
    const { body: role } = await lab.assign(`/v3/teams/${team.id}`, { role: 'Connector', on: shop })
    await expect.poll(grants).toEqual(['Viewer', 'Connector'])
    await lab.call('DELETE', `/v3/teams/${team.id}/assigned-roles/${role.id}`)
    await expect.poll(grants).toEqual(['Viewer'])
    await lab.assign(`/v3/teams/${team.id}`, { role: 'Connector', on: shop })
    await lab.call('DELETE', `/v3/teams/${team.id}`)
    await expect.poll(grants).toEqual(['Viewer'])
    await lab.call('PATCH', `${PATH}/${shop}/zone-access`, { body: { credentials: 'sat', personal_tokens: false } })
    await expect
      .poll(() => feed.controlPlanes.get(shop))
      .toMatchObject({
        zoneCredentials: 'sat',
        personalTokens: false,
      })
    await lab.call('PATCH', '/v3/organizations/me', { body: { state: 'inactive' } })
    await expect.poll(() => feed.controlPlanes.get(shop)).toMatchObject({ organizationState: 'inactive' })
    await lab.call('DELETE', `/v3/system-accounts/${id}`)
    await expect.poll(() => feed.credentials.has(digestOf(token))).toBe(false)
  })

  test('tells a late reader exactly what an early one has gathered', async () => {
    const early = await new Feed().open('us-1')
    const shop = await lab.newControlPlane('shop', onShard('us-1'))
    for (const zone of ['zone-1', 'zone-2', 'zone-3']) {
      await lab.call('POST', `${PATH}/${shop}/api/provision-zone`, { body: { name: zone } })
    }
    await lab.call('DELETE', `${PATH}/${shop}/api/zones/zone-2`)
    await lab.newAccount('robot', { role: 'Connector', on: shop })
    const late = await new Feed().open('us-1')
    const sorted = (map: Map<string, FeedLine>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
    await expect.poll(() => sorted(early.credentials)).toEqual(sorted(late.credentials))
    expect(late.credentials.size).toBe(4)
    expect(early.controlPlanes).toEqual(late.controlPlanes)
  })
})

test('the last use of a token that a global saw is shown', async () => {
  const shop = await lab.newControlPlane('shop', onShard('us-1'))
  const { body } = await lab.call('POST', `${PATH}/${shop}/api/provision-zone`, { body: { name: 'zone-1' } })
  const feed = await new Feed().open('us-1')
  const tokenId = feed.credentials.get(digestOf(body.token))?.id
  const atMs = lab.clock.nowMs()
  const event = { kind: 'token-used', id: 'e1', controlPlane: shop, zone: 'zone-1', atMs, tokenId }
  const told = await lab.call('POST', '/internal/shards/us-1/events', {
    token: lab.shardToken('us-1'),
    body: { events: [event] },
  })
  expect(told.status).toBe(204)
  await lab.stopManager()
  await lab.startManager()
  const [account] = (await lab.call('GET', '/v3/system-accounts')).body.data
  const [token] = (await lab.call('GET', `/v3/system-accounts/${account.id}/access-tokens`)).body.data
  expect(token.last_used_at).toBe(new Date(atMs).toISOString())
})

test('a refused zone is in the audit once, however often its global tells of it, and only of what is its own', async () => {
  const shop = await lab.newControlPlane('shop', onShard('us-1'))
  const event = { kind: 'zone-refused', id: 'e1', controlPlane: shop, zone: 'zone-9', atMs: 5, reason: 'unknown-token' }
  const tell = (shard: string) =>
    lab.call('POST', `/internal/shards/${shard}/events`, { token: lab.shardToken(shard), body: { events: [event] } })
  await tell('us-2')
  await tell('us-1')
  await tell('us-1')
  const entries = await lab.audit(shop)
  expect(entries.filter(({ action }) => action === 'refused zone')).toMatchObject([
    { actor: { kind: 'zone', name: 'zone-9' }, reason: 'unknown-token', result: 'refused', controlPlane: shop },
  ])
})
