import { expect, test } from 'vitest'
import { DEFAULT_ACCESS, requireAccess } from '../../../src/auth/access.js'
import { ACCESS_SETTINGS, accessRules } from '../../../src/auth/access-settings.js'
import { readSettings, type SettingSources } from '../../../src/base/settings.js'

const rules = (sources: Partial<SettingSources>) =>
  accessRules(readSettings(ACCESS_SETTINGS, { env: {}, ...sources }).values)

test("without a word the rules are Kuma's", () => {
  expect(rules({})).toEqual(DEFAULT_ACCESS)
})

test("a right is given by Kuma's variables, or by a list in the file, and each replaces the default", () => {
  const env = {
    KUMA_ACCESS_STATIC_GENERATE_ZONE_TOKEN_USERS: 'ci,ops',
    KUMA_ACCESS_STATIC_GENERATE_ZONE_TOKEN_GROUPS: '',
  }
  const { generateZoneToken, adminResources } = rules({ env, file: { adminResourcesGroups: ['secret-keepers'] } })
  expect(generateZoneToken).toEqual({ users: ['ci', 'ops'], groups: [] })
  expect(adminResources.groups).toEqual(['secret-keepers'])
  const action = { kind: 'generate-zone-token', zone: 'east' } as const
  const given = { ...DEFAULT_ACCESS, generateZoneToken }
  requireAccess(given, { name: 'ci', groups: [] }, action)
  const admin = { name: 'mesh-system:admin', groups: ['mesh-system:admin'] }
  expect(() => requireAccess(given, admin, action)).toThrow("cannot access generate zone token for zone 'east'")
})

test('what is no list of names is refused', () => {
  expect(() => rules({ file: { viewStatsUsers: [1] } })).toThrow('expected names, separated by commas')
})
