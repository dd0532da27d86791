import { describe, expect, test } from 'vitest'
import { type Grant, judge, MESH_ROLES, mayCreate, type Need } from '../../../src/platform/grants.js'

const SHOP = { id: 'shop', region: 'us' }
const grant = (role: Grant['role'], controlPlane = 'shop', region = 'us'): Grant => ({ role, controlPlane, region })

describe('what each role allows on its own control plane', () => {
  const allowed: Readonly<Record<Grant['role'], readonly Need[]>> = {
    Admin: ['see', 'read', 'write', 'connect'],
    Connector: ['connect'],
    Creator: ['see'],
    Viewer: ['see', 'read'],
  }
  test.each(MESH_ROLES)('%s', (role) => {
    const needs: readonly Need[] = ['see', 'read', 'write', 'connect']
    expect(needs.filter((need) => judge([grant(role)], need, SHOP) === 'allowed')).toEqual(allowed[role])
  })
})

test('without a role on it a control plane is hidden, with too small a one it is denied', () => {
  expect(judge([], 'read', SHOP)).toBe('hidden')
  expect(judge([grant('Admin', 'bank')], 'read', SHOP)).toBe('hidden')
  expect(judge([grant('Connector')], 'read', SHOP)).toBe('denied')
})

test('a role of another region shows the control plane and allows nothing', () => {
  expect(judge([grant('Admin', 'shop', 'eu')], 'read', SHOP)).toBe('denied')
  expect(judge([grant('Admin', '*', '*')], 'write', SHOP)).toBe('allowed')
})

test('roles add up, and the larger one wins', () => {
  expect(judge([grant('Viewer'), grant('Connector')], 'connect', SHOP)).toBe('allowed')
  expect(judge([grant('Viewer', '*', '*'), grant('Admin', 'shop', 'eu')], 'write', SHOP)).toBe('denied')
})

test('a control plane is made by who may on all of them, in that region', () => {
  expect(mayCreate([grant('Creator', '*', 'us')], 'us')).toBe(true)
  expect(mayCreate([grant('Admin', '*', '*')], 'eu')).toBe(true)
  expect(mayCreate([grant('Creator', '*', 'us')], 'eu')).toBe(false)
  expect(mayCreate([grant('Admin', 'shop')], 'us')).toBe(false)
  expect(mayCreate([grant('Viewer', '*', '*'), grant('Connector', '*', '*')], 'us')).toBe(false)
})
