import { describe, expect, test } from 'vitest'
import { describeSettings } from '../../../src/base/settings.js'
import { GLOBAL_SETTINGS, readGlobalConfig } from '../../../src/global/config.js'
import { storePlace, storeType } from '../../../src/store/store-place.js'

const config = (env: Readonly<Record<string, string>>) => readGlobalConfig({ env }).values
const place = (env: Readonly<Record<string, string>>) => storePlace(config(env))

describe('where resources are kept', () => {
  test('is what the store setting says', () => {
    expect(place({})).toBe('memory')
    expect(place({ ZONELAB_STORE: '/data/global.db' })).toBe('/data/global.db')
    expect(place({ ZONELAB_STORE: 'postgres://app:pw@db/lab' })).toBe('postgres://app:pw@db/lab')
  })

  test('a URL without a password gets the one that is given apart, whatever characters it has', () => {
    const env = { ZONELAB_STORE: 'postgres://app@db/lab', KUMA_STORE_POSTGRES_PASSWORD: 'a/b@c' }
    expect(place(env)).toBe('postgres://app:a%2Fb%40c@db/lab')
  })

  test("a kuma-cp's environment names its database", () => {
    const env = {
      KUMA_STORE_TYPE: 'postgres',
      KUMA_STORE_POSTGRES_HOST: 'db.example',
      KUMA_STORE_POSTGRES_PORT: '5432',
      KUMA_STORE_POSTGRES_USER: 'app',
      KUMA_STORE_POSTGRES_PASSWORD: 'pw',
      KUMA_STORE_POSTGRES_DB_NAME: 'mesh',
      KUMA_STORE_POSTGRES_TLS_MODE: 'verifyFull',
      KUMA_STORE_POSTGRES_TLS_CA_PATH: '/ca.pem',
    }
    expect(place(env)).toBe('postgres://app:pw@db.example:5432/mesh?sslmode=verify-full&sslrootcert=%2Fca.pem')
    expect(place({ KUMA_STORE_TYPE: 'memory', ZONELAB_STORE: '/data/global.db' })).toBe('memory')
  })

  test('peers are told which kind it is', () => {
    expect(['memory', '/data/global.db', 'postgresql://db/lab'].map(storeType)).toEqual([
      'memory',
      'sqlite',
      'postgres',
    ])
  })

  test('no password is shown', () => {
    const env = { ZONELAB_STORE: 'postgres://app:secret-1@db/lab', KUMA_STORE_POSTGRES_PASSWORD: 'secret-2' }
    const shown = JSON.stringify(describeSettings(GLOBAL_SETTINGS, config(env)))
    expect(shown).toContain('postgres://app:*****@db/lab')
    expect(shown).not.toContain('secret')
  })
})
