import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import {
  describeSettings,
  flag,
  oneOf,
  port,
  readSettings,
  type SettingSources,
  text,
  whole,
} from '../../../src/base/settings.js'
import { readGlobalConfig } from '../../../src/global/config.js'
import { readZoneConfig } from '../../../src/zone/config.js'

const TABLE = {
  name: text({ env: 'KUMA_NAME', doc: '', fallback: 'none' }),
  tls: flag({ env: 'KUMA_TLS', doc: '', fallback: true }),
  limit: whole({ env: 'ZONELAB_LIMIT', doc: '', fallback: 5, min: 1, max: 10 }),
  listenPort: port({ env: 'KUMA_PORT', doc: '', fallback: 0 }),
  mode: oneOf({ env: 'KUMA_MODE', doc: '', words: ['a', 'b'], synonyms: { beta: 'b' }, fallback: 'a' }),
  token: text({ env: 'KUMA_TOKEN', kongEnv: 'KMESH_CP_TOKEN', doc: '', fallback: '', secret: true }),
} as const

const read = (sources: Partial<SettingSources>) => readSettings(TABLE, { env: {}, ...sources })

function fault(sources: Partial<SettingSources>): string {
  try {
    read(sources)
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.message
  }
  return 'no fault'
}

describe('where a setting comes from', () => {
  test('later sources win, and each is told', () => {
    const sources = {
      file: { name: 'file', tls: false, limit: 2 },
      env: { KUMA_NAME: 'env', KUMA_TLS: 'true' },
      flags: { name: 'flag' },
    }
    const { values, origins } = read(sources)
    expect([values.name, values.tls, values.limit, values.listenPort]).toEqual(['flag', true, 2, 0])
    expect(origins).toMatchObject({ name: 'flag', tls: 'env', limit: 'file', listenPort: 'default' })
  })

  test.each([
    ['KMESH_NAME', 'name', 'KUMA_NAME'],
    ['KMESH_CP_TOKEN', 'token', 'KUMA_TOKEN'],
    ['KMESH_TOKEN', 'token', 'KUMA_TOKEN'],
  ] as const)('Kong Mesh’s %s is taken with a warning, and Kuma’s name wins', (kong, key, kuma) => {
    const { values, warnings } = read({ env: { [kong]: 'theirs' } })
    expect([values[key], warnings]).toEqual(['theirs', [`${kong} is Kong Mesh's name; zonelab reads it as ${kuma}`]])
    expect(read({ env: { [kong]: 'theirs', [kuma]: 'ours' } })).toMatchObject({
      values: { [key]: 'ours' },
      warnings: [],
    })
  })

  test('a synonym is the word that it stands for', () => {
    expect(read({ env: { KUMA_MODE: 'beta' } }).values.mode).toBe('b')
  })
})

describe('what is wrong', () => {
  test('is told all at once, by the name that was used', () => {
    const message = fault({
      file: { nmae: 'x' },
      env: { KUMA_TLS: 'yes', ZONELAB_LIMIT: '11' },
      flags: { listenPort: '70000', mode: 'c' },
    })
    for (const part of [
      'nmae: no such setting',
      'KUMA_TLS: "yes": expected true or false',
      'ZONELAB_LIMIT: "11": expected a whole number from 1 to 10',
      '--listen-port: "70000": expected a whole number from 0 to 65535',
      '--mode: "c": expected one of a, b',
    ])
      expect(message).toContain(part)
  })

  test.each(['1.5', '-1', '1e1', '0x5', '', ' 5'])('a whole number is not %j', (value) => {
    expect(fault({ env: { ZONELAB_LIMIT: value } })).toContain('expected a whole number')
  })

  test('a name of Object.prototype is no setting and no word', () => {
    expect(fault({ file: { constructor: 'x' } })).toContain('constructor: no such setting')
    expect(fault({ env: { KUMA_MODE: 'toString' } })).toContain('expected one of')
  })
})

test('secrets are never shown', () => {
  const { values } = read({ env: { KUMA_TOKEN: 'canary' } })
  expect(JSON.stringify(describeSettings(TABLE, values))).not.toContain('canary')
})

describe('the processes’ own settings', () => {
  test.each([
    ['none', 'none'],
    ['zone-token', 'zone-token'],
    ['zoneToken', 'zone-token'],
    ['cpToken', 'zone-token'],
  ])('a global’s KDS authentication of type %s is %s', (word, kdsAuth) => {
    expect(readGlobalConfig({ env: { KUMA_MULTIZONE_GLOBAL_KDS_AUTH_TYPE: word } }).values.kdsAuth).toBe(kdsAuth)
  })

  test('Kong Mesh’s words start ours, with warnings', () => {
    const global = readGlobalConfig({ env: { KMESH_MULTIZONE_GLOBAL_KDS_AUTH_TYPE: 'cpToken' } })
    const zone = readZoneConfig({ env: { KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_INLINE: 'token' } })
    expect([global.values.kdsAuth, zone.values.tokenInline]).toEqual(['zone-token', 'token'])
    expect([global.warnings.length, zone.warnings.length]).toEqual([1, 1])
  })

  test('times are stated as Kuma states them', () => {
    const { values } = readZoneConfig({ env: { KUMA_XDS_DATAPLANE_DEREGISTRATION_DELAY: '1m30s' } })
    expect([values.dataplaneGraceMs, values.meshServiceGraceMs, values.dataplaneCleanupMs]).toEqual([
      90_000, 3_600_000, 259_200_000,
    ])
    for (const time of ['10', '-1s', 'soon', '9000h'])
      expect(() => readZoneConfig({ env: { KUMA_XDS_DATAPLANE_DEREGISTRATION_DELAY: time } })).toThrow('DEREGISTRATION')
  })
})
