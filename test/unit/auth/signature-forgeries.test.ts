import { constants, createHash, createPublicKey, createSign, privateEncrypt } from 'node:crypto'
import { expect, test } from 'vitest'
import { signatureHolds } from '../../../src/auth/verify.js'
import { BASE_CLAIMS, BASE_HEADER, segment, zoneKeyA } from './token-lab.js'

/** RFC 8017 §9.2: the one padding of a digest that a verifier may take, and what forgers have passed off as it. */
const input = `${segment(BASE_HEADER)}.${segment(BASE_CLAIMS)}`
const digest = createHash('sha256').update(input).digest()
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const publicKey = createPublicKey(zoneKeyA)

/** 00 01 FF…FF 00 then `rest`, 256 bytes in all. */
function padded(rest: Buffer, block = [0, 1], filler = 0xff): Buffer {
  const fill = Buffer.alloc(256 - rest.length - 3, filler)
  return Buffer.concat([Buffer.from(block), fill, Buffer.from([0]), rest])
}

/** The raw RSA operation: any 256 bytes become a signature of which they are the padded digest. */
async function holds(message: Buffer): Promise<boolean> {
  const signature = privateEncrypt({ key: zoneKeyA, padding: constants.RSA_NO_PADDING }, message)
  return signatureHolds(`${input}.${signature.toString('base64url')}`, publicKey)
}

test('the right padding is accepted', async () => {
  expect(await holds(padded(Buffer.concat([SHA256_INFO, digest])))).toBe(true)
})

const shortFill = Buffer.concat([
  Buffer.from([0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]),
  SHA256_INFO,
  digest,
])

test.each([
  ['no digest algorithm', padded(digest)],
  [
    'no NULL parameters',
    padded(Buffer.concat([Buffer.from('302f300b0609608648016503040201', 'hex'), Buffer.from('0420', 'hex'), digest])),
  ],
  [
    'a length in the long form',
    padded(Buffer.concat([Buffer.from('308131300d060960864801650304020105000420', 'hex'), digest])),
  ],
  [
    'NULL with a byte in it',
    padded(Buffer.concat([Buffer.from('3032300e06096086480165030402010501000420', 'hex'), digest])),
  ],
  ['the name of SHA-1', padded(Buffer.concat([Buffer.from('302d300906052b0e03021a05000420', 'hex'), digest]))],
  [
    'the name of SHA-512',
    padded(Buffer.concat([Buffer.from('3031300d060960864801650304020305000420', 'hex'), digest])),
  ],
  ['bytes after the digest', padded(Buffer.concat([SHA256_INFO, digest, Buffer.alloc(8)]))],
  ['short filling and rubbish behind', Buffer.concat([shortFill, Buffer.alloc(256 - shortFill.length)])],
  ['a digest cut short', padded(Buffer.concat([SHA256_INFO, digest.subarray(0, 31)]))],
  ['block type 2', padded(Buffer.concat([SHA256_INFO, digest]), [0, 2])],
  ['block type 0', padded(Buffer.concat([SHA256_INFO, digest]), [0, 0], 0)],
  ['filling that is not FF', padded(Buffer.concat([SHA256_INFO, digest]), [0, 1], 0xfe)],
  ['another digest', padded(Buffer.concat([SHA256_INFO, createHash('sha256').update('x').digest()]))],
])('%s is refused', async (_title, message) => {
  expect(message).toHaveLength(256)
  expect(await holds(message)).toBe(false)
})

test('a good signature by another algorithm does not hold, even past the gate', async () => {
  const other = `${segment({ ...BASE_HEADER, alg: 'RS384' })}.${segment(BASE_CLAIMS)}`
  const signature = createSign('RSA-SHA384').update(other).sign(zoneKeyA)
  expect(await signatureHolds(`${other}.${signature.toString('base64url')}`, publicKey)).toBe(false)
})
