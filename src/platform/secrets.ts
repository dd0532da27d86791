import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 292 bits; the length that Konnect's tokens are seen with, which nothing relies on (auth.md §2.4). */
const RANDOM_CHARACTERS = 49
/** The largest multiple of 62 in a byte: what is above would favour the first letters. */
const FAIR_BYTES = 248

/** Shown once to whoever asked for it, and kept nowhere. */
export interface Secret {
  readonly text: string
  readonly digest: string
}

export function newSecret(kind: 'sat' | 'pat'): Secret {
  let random = ''
  while (random.length < RANDOM_CHARACTERS) {
    for (const byte of randomBytes(RANDOM_CHARACTERS)) {
      if (byte < FAIR_BYTES && random.length < RANDOM_CHARACTERS) random += ALPHABET[byte % ALPHABET.length]
    }
  }
  const text = `${PREFIX[kind]}${random}`
  return { text, digest: digestOf(text) }
}

const PREFIX = { sat: 'spat_', pat: 'kpat_' } as const

/** What a token says it is; undefined: none of ours. */
export function kindOf(secret: string): 'sat' | 'pat' | undefined {
  return secret.startsWith(PREFIX.sat) ? 'sat' : secret.startsWith(PREFIX.pat) ? 'pat' : undefined
}

/** A fast hash is right: these secrets cannot be guessed, and who chooses one cannot choose where its digest falls. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(wanted).digest())
}
