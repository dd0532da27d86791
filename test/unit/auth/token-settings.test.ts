import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { publicKeyPem } from '../../../src/auth/rsa-key.js'
import { readGlobalConfig } from '../../../src/global/config.js'
import { readZoneConfig } from '../../../src/zone/config.js'
import { zoneKeyA } from './token-lab.js'

/** auth.md §1.4, §1.9: how the checking of tokens is configured, by old names and new. */

const folder = mkdtempSync(join(tmpdir(), 'zonelab-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pem = publicKeyPem(zoneKeyA)
const global = (env: Record<string, string>, file: Record<string, unknown> = {}) => readGlobalConfig({ env, file })

describe('public keys', () => {
  test('are a JSON list in the environment, or a list in the file', () => {
    const expected = [{ kid: '1', key: pem }]
    const list = JSON.stringify([{ kid: '1', key: pem }])
    expect(global({ ZONELAB_ZONE_TOKEN_PUBLIC_KEYS: list }).values.zoneTokenPublicKeys).toEqual(expected)
    expect(global({}, { zoneTokenPublicKeys: expected }).values.zoneTokenPublicKeys).toEqual(expected)
    expect(global({}).values.zoneTokenPublicKeys).toEqual([])
  })

  test('may lie in a file of their own, and be for one mesh', () => {
    const keyFile = join(folder, 'key.pem')
    writeFileSync(keyFile, pem)
    const list = JSON.stringify([{ kid: 'a', keyFile, mesh: 'demo' }])
    const { values } = readZoneConfig({ env: { ZONELAB_DATAPLANE_TOKEN_PUBLIC_KEYS: list } })
    expect(values.dataplaneTokenPublicKeys).toEqual([{ kid: 'a', key: pem, mesh: 'demo' }])
  })

  test.each([
    ['no list', '{"kid":"1"}'],
    ['no JSON', 'key.pem'],
    ['no kid', JSON.stringify([{ key: pem }])],
    ['key and file', JSON.stringify([{ kid: '1', key: pem, keyFile: 'x' }])],
    ['neither', '[{"kid":"1"}]'],
    ['an unknown member', JSON.stringify([{ kid: '1', key: pem, alg: 'none' }])],
    ['a file that is not there', '[{"kid":"1","keyFile":"/nowhere/key.pem"}]'],
  ])('that are %s are refused at start', (_what, list) => {
    expect(() => global({ ZONELAB_ZONE_TOKEN_PUBLIC_KEYS: list })).toThrowError(/ZONELAB_ZONE_TOKEN_PUBLIC_KEYS/)
  })
})

describe('names of Kong Mesh', () => {
  test.each([
    ['KMESH_MULTIZONE_GLOBAL_KDS_AUTH_TYPE', 'cpToken', 'kdsAuth', 'zone-token'],
    ['KMESH_MULTIZONE_GLOBAL_KDS_AUTH_TYPE', 'none', 'kdsAuth', 'none'],
    ['KMESH_MULTIZONE_GLOBAL_KDS_AUTH_CP_TOKEN_ENABLE_ISSUER', 'false', 'zoneTokenIssuer', false],
    ['KMESH_MULTIZONE_GLOBAL_KDS_AUTH_CP_TOKEN_VALIDATOR_USE_SECRETS', 'false', 'zoneTokenUseSecrets', false],
  ] as const)('%s=%s is read, with a warning', (name, text, key, value) => {
    const { values, warnings } = global({ [name]: text })
    expect(values[key]).toBe(value)
    expect(warnings).toEqual([expect.stringContaining(name)])
  })

  test.each([
    ['KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_PATH', 'tokenPath'],
    ['KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_INLINE', 'tokenInline'],
    ['KMESH_MULTIZONE_ZONE_KONNECT_CP_ID', 'cpId'],
  ] as const)('%s is read, and the new name wins over it', (name, key) => {
    const modern = readZoneConfig({ env: { [name]: 'old' } })
    expect([modern.values[key], modern.warnings.length]).toEqual(['old', 1])
    const kuma = name.replace('KMESH_', 'KUMA_').replace('_CP_TOKEN', '_TOKEN')
    expect(readZoneConfig({ env: { [name]: 'old', [kuma]: 'new' } }).values[key]).toBe('new')
  })

  test('in a file are refused, not ignored: a half-moved global would serve KDS to anybody', () => {
    const file = { kmesh: { multizone: { global: { kds: { auth: { type: 'cpToken' } } } } } }
    expect(() => global({}, file)).toThrowError(/kmesh: no such setting/)
  })

  test('an empty type is refused at start', () => {
    expect(() => global({ KUMA_MULTIZONE_GLOBAL_KDS_AUTH_TYPE: '' })).toThrowError(/expected one of/)
  })
})
