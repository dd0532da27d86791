import { expect, test } from 'vitest'
import { parseTenantId } from '../../../src/model/tenant.js'
import { FeedState, type StateLine } from '../../../src/platform/feed-state.js'

const credential = (name: string, role: 'Admin' | 'Viewer' = 'Viewer'): StateLine => ({
  kind: 'credential',
  digest: name.repeat(64),
  id: name,
  tokenKind: 'sat',
  holder: { kind: 'account', id: 'robot', name: 'robot' },
  organization: 'acme',
  expiresAtMs: 1,
  grants: [{ role, controlPlane: '*', region: '*' }],
})
const controlPlane: StateLine = {
  kind: 'control-plane',
  id: parseTenantId('shop'),
  organization: 'acme',
  region: 'us',
  zoneCredentials: 'both',
  personalTokens: true,
  organizationState: 'active',
}
const kinds = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).kind)

test('only what changed is said', () => {
  const state = new FeedState()
  expect(kinds(state.replace('robot', [credential('a'), credential('b')]))).toEqual(['credential', 'credential'])
  expect(state.replace('robot', [credential('a'), credential('b')])).toEqual([])
  const said = state.replace('robot', [credential('a', 'Admin'), credential('c')])
  expect(said.map((line) => [JSON.parse(line).kind, JSON.parse(line).digest[0]])).toEqual([
    ['credential-gone', 'b'],
    ['credential', 'a'],
    ['credential', 'c'],
  ])
})

test('who has nothing any more leaves nothing', () => {
  const state = new FeedState()
  state.replace('shop', [controlPlane])
  state.replace('robot', [credential('a')])
  expect(kinds([...state.lines()])).toEqual(['control-plane', 'credential'])
  expect(state.replace('shop', []).map((line) => JSON.parse(line))).toEqual([
    { kind: 'control-plane-gone', id: 'shop' },
  ])
  expect(kinds(state.replace('robot', []))).toEqual(['credential-gone'])
  expect([...state.lines()]).toEqual([])
  expect(state.replace('nobody', [])).toEqual([])
})
