import { describe, expect, test } from 'vitest'
import { type Action, DEFAULT_ACCESS, requireAccess } from '../../../src/auth/access.js'
import { ADMIN_USER, ANONYMOUS_USER, type ApiUser } from '../../../src/auth/api-user.js'

const joe: ApiUser = { name: 'joe', groups: ['team', 'mesh-system:authenticated'] }
const byGroup: ApiUser = { name: 'eve', groups: ['mesh-system:admin'] }
const byName: ApiUser = { name: 'mesh-system:admin', groups: [] }
const denial = (user: ApiUser, action: Action, rules = DEFAULT_ACCESS): string | undefined => {
  try {
    requireAccess(rules, user, action)
    return undefined
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'permission-denied' })
    return (thrown as Error).message
  }
}

describe('by default', () => {
  const ADMIN_ACTIONS: readonly (readonly [Action, string])[] = [
    [
      { kind: 'resource', type: 'Secret' },
      'user "joe/team,mesh-system:authenticated" cannot access the resource of type "Secret"',
    ],
    [
      { kind: 'resource', type: 'GlobalSecret' },
      'user "joe/team,mesh-system:authenticated" cannot access the resource of type "GlobalSecret"',
    ],
    [
      { kind: 'generate-dataplane-token' },
      'user "joe/team,mesh-system:authenticated" cannot access generate dataplane token',
    ],
    [
      { kind: 'generate-zone-token', zone: 'z1' },
      `user "joe/team,mesh-system:authenticated" cannot access generate zone token for zone 'z1'`,
    ],
    [{ kind: 'generate-user-token' }, 'action not allowed'],
  ]

  test.each(ADMIN_ACTIONS)('ZT row 208: %j needs the admin, user or group', (action, text) => {
    expect(denial(joe, action)).toBe(text)
    for (const user of [ADMIN_USER, byGroup, byName]) expect(denial(user, action)).toBeUndefined()
  })

  test('ZT row 206: anonymous callers get no token', () => {
    const text = `user "mesh-system:anonymous/mesh-system:unauthenticated" cannot access generate zone token for zone 'z1'`
    expect(denial(ANONYMOUS_USER, { kind: 'generate-zone-token', zone: 'z1' })).toBe(text)
  })

  test.each<Action>([
    { kind: 'resource', type: 'Mesh' },
    { kind: 'view-config-dump' },
    { kind: 'view-stats' },
    { kind: 'view-clusters' },
    { kind: 'control-plane-metadata' },
  ])('%j is open to all', (action) => {
    for (const user of [ANONYMOUS_USER, joe, ADMIN_USER]) expect(denial(user, action)).toBeUndefined()
  })
})

describe('configured', () => {
  const nobody = { users: [], groups: [] }

  test.each([
    ['adminResources', { kind: 'resource', type: 'Secret' }],
    ['generateDpToken', { kind: 'generate-dataplane-token' }],
    ['generateUserToken', { kind: 'generate-user-token' }],
    ['generateZoneToken', { kind: 'generate-zone-token', zone: 'z1' }],
    ['viewConfigDump', { kind: 'view-config-dump' }],
    ['viewStats', { kind: 'view-stats' }],
    ['viewClusters', { kind: 'view-clusters' }],
    ['controlPlaneMetadata', { kind: 'control-plane-metadata' }],
  ] as const)('%s decides, and it alone', (name, action) => {
    expect(denial(ADMIN_USER, action, { ...DEFAULT_ACCESS, [name]: nobody })).toBeDefined()
    expect(denial(joe, action, { ...DEFAULT_ACCESS, [name]: { users: ['joe'], groups: [] } })).toBeUndefined()
    expect(denial(joe, action, { ...DEFAULT_ACCESS, [name]: { users: [], groups: ['team'] } })).toBeUndefined()
  })

  test('the texts of the views are those of Kuma', () => {
    const rules = { ...DEFAULT_ACCESS, viewStats: nobody, controlPlaneMetadata: nobody }
    const who = 'user "joe/team,mesh-system:authenticated"'
    expect(denial(joe, { kind: 'view-stats' }, rules)).toBe(`${who} cannot access envoy proxy info`)
    expect(denial(joe, { kind: 'control-plane-metadata' }, rules)).toBe(`${who} cannot access control-plane metadata`)
  })
})
