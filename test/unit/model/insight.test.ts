import { describe, expect, test } from 'vitest'
import { dataplaneStatus, isOnline, upsertSubscription } from '../../../src/model/insight.js'

const open = (id: string, connectTime = '2026-01-01T00:00:00Z') => ({ id, connectTime })
const closed = (id: string) => ({ ...open(id), disconnectTime: '2026-01-01T00:01:00Z' })

test('online means that some subscription is open', () => {
  expect(isOnline(undefined)).toBe(false)
  expect(isOnline({})).toBe(false)
  expect(isOnline({ subscriptions: [closed('1')] })).toBe(false)
  expect(isOnline({ subscriptions: [open('1'), closed('2')] })).toBe(true)
  expect(isOnline({ subscriptions: [{ id: 'announced' }] })).toBe(false)
})

describe('a subscription', () => {
  test('of a known id is replaced where it is', () => {
    expect(upsertSubscription([open('1'), open('2')], closed('1'), 10)).toEqual([closed('1'), open('2')])
  })

  test('of a new id closes what was left open', () => {
    const later = open('3', '2026-01-01T00:02:00Z')
    expect(upsertSubscription([closed('1'), open('2')], later, 10)).toEqual([
      closed('1'),
      { ...open('2'), disconnectTime: '2026-01-01T00:02:00Z' },
      later,
    ])
  })

  test('pushes the oldest out', () => {
    expect(upsertSubscription([closed('1'), closed('2')], open('3'), 2)).toEqual([closed('2'), open('3')])
  })
})

describe('the status of a dataplane', () => {
  const online = { subscriptions: [open('1')] }
  test.each([
    ['ready', { inbound: [{ port: 1 }] }, 'Online'],
    ['healthy', { inbound: [{ port: 1, health: { ready: true } }] }, 'Online'],
    ['unhealthy', { inbound: [{ port: 1, health: {} }] }, 'Offline'],
    ['half ready', { inbound: [{ port: 1 }, { port: 2, state: 'NotReady' }] }, 'Partially degraded'],
    ['a listener down', { inbound: [{ port: 1 }], listeners: [{ port: 2, state: 'NotReady' }] }, 'Partially degraded'],
    ['only a listener', { listeners: [{ port: 2 }] }, 'Online'],
    ['nothing to be ready', {}, 'Offline'],
    ['a gateway', { gateway: {} }, 'Online'],
  ] as const)('connected and %s', (_what, networking, status) => {
    expect(dataplaneStatus(networking, online)).toBe(status)
    expect(dataplaneStatus(networking, { subscriptions: [closed('1')] })).toBe('Offline')
  })
})
