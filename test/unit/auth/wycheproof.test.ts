import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkHeader, readJws } from '../../../src/auth/gate.js'
import { usable } from '../../../src/auth/rsa-key.js'
import { signatureHolds } from '../../../src/auth/verify.js'

/**
 * The vectors of C2SP/wycheproof against the gate, the key rules and the signature check. They are no part of this
 * repository: `ZONELAB_WYCHEPROOF` says in which folder they are. `signature-forgeries.test.ts` makes vectors of the same
 * families and needs no file.
 */
const FOLDER = process.env.ZONELAB_WYCHEPROOF

interface VectorFile {
  readonly testGroups: readonly {
    readonly public?: KeyOrSet
    readonly private?: KeyOrSet
    readonly tests: readonly { readonly tcId: number; readonly jws: unknown; readonly result: 'valid' | 'invalid' }[]
  }[]
}
type KeyOrSet = JsonWebKey | { readonly keys: readonly JsonWebKey[] }

function fileOf(name: string): string {
  const names = [`wycheproof-${name}`, name].map((candidate) => join(FOLDER ?? '', candidate))
  return names.find((path) => existsSync(path)) ?? join(FOLDER ?? '', name)
}

function read(name: string): VectorFile {
  return JSON.parse(readFileSync(fileOf(name), 'utf8')) as VectorFile
}

/** A JWK as one of our keys; undefined when it can be none. Labels such as `use` do not exist in the PEM that we keep. */
function importKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return usable(createPublicKey({ key: jwk, format: 'jwk' }))
  } catch {
    return undefined
  }
}

async function accepts(token: string, jwk: JsonWebKey): Promise<boolean> {
  const key = importKey(jwk)
  const jws = readJws(token)
  if (key === undefined || jws.kind === 'refused' || checkHeader(jws).kind === 'refused') return false
  return signatureHolds(token, key)
}

/** The ids that are accepted under any of their group's keys, and how many were tried. */
async function run(
  file: VectorFile,
  only: (jwk: JsonWebKey) => boolean,
): Promise<{ accepted: number[]; tried: number }> {
  const accepted: number[] = []
  let tried = 0
  for (const { public: publicKey, private: privateKey, tests } of file.testGroups) {
    const holder = publicKey ?? privateKey ?? {}
    const keys = ('keys' in holder ? (holder.keys as readonly JsonWebKey[]) : [holder as JsonWebKey]).filter(only)
    for (const { tcId, jws } of tests) {
      if (keys.length === 0) continue
      tried++
      const token = typeof jws === 'string' ? jws : JSON.stringify(jws)
      const outcomes = await Promise.all(keys.map((jwk) => accepts(token, jwk)))
      if (outcomes.includes(true)) accepted.push(tcId)
    }
  }
  return { accepted, tried }
}

const VALID = [33, 259, 260, 261, 262, 263, 345, 349]

if (FOLDER !== undefined) {
  describe('Wycheproof', () => {
    test('of the RS256 signatures the 8 valid ones are accepted and the 225 invalid ones refused', async () => {
      const file = read('json_web_signature_test.json')
      expect(await run(file, ({ alg }) => alg === 'RS256')).toEqual({ accepted: VALID, tried: 233 })
    })

    test('of all 401 vectors nothing else is accepted but three whose only fault is a label on the JWK', async () => {
      const file = read('json_web_signature_test.json')
      // 332: an RS256 signature under a key labelled PS512. 353, 355: valid, under a key labelled for encryption.
      const labelled = [332, 353, 355]
      const outcome = await run(file, () => true)
      expect(outcome).toEqual({ accepted: [...VALID, ...labelled].sort((a, b) => a - b), tried: 401 })
    })

    test('of the keys only RSA of 2048 bits with a sound exponent are taken', async () => {
      const file = read('json_web_key_test.json')
      // 5 is valid. 6 is labelled for encryption. 7 has a ROCA modulus: its maker's fault, which we do not look for.
      expect(await run(file, () => true)).toEqual({ accepted: [5, 6, 7], tried: 26 })
    })
  })
} else {
  test('without a folder of vectors the generated ones stand alone, which is said', () => {
    console.warn('Wycheproof: not run, for ZONELAB_WYCHEPROOF names no folder')
    expect(FOLDER).toBeUndefined()
  })
}
