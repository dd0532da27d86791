import type { Field } from '../call-draft.js'
import { decodeHuffman } from './huffman.js'

/**
 * HPACK (RFC 7541) as far as a client without memory needs it: it writes every field as a literal without indexing, whatever
 * the bytes, and allows its peer no dynamic table, so that a block always says all.
 */

/** RFC 7541 Appendix A, without the values that are empty. */
const STATIC_TABLE: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ...[
    'accept-language',
    'accept-ranges',
    'accept',
    'access-control-allow-origin',
    'age',
    'allow',
    'authorization',
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-length',
    'content-location',
    'content-range',
    'content-type',
    'cookie',
    'date',
    'etag',
    'expect',
    'expires',
    'from',
    'host',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'last-modified',
    'link',
    'location',
    'max-forwards',
    'proxy-authenticate',
    'proxy-authorization',
    'range',
    'referer',
    'refresh',
    'retry-after',
    'server',
    'set-cookie',
    'strict-transport-security',
    'transfer-encoding',
    'user-agent',
    'vary',
    'via',
    'www-authenticate',
  ].map((name) => [name, ''] as const),
]

export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0]),
      ...literal(Buffer.from(name, 'latin1')),
      ...literal(typeof value === 'string' ? Buffer.from(value, 'latin1') : value),
    ]),
  )
}

export type ReceivedField = readonly [name: string, value: string]

/** Throws RangeError for a block that is malformed or refers to a dynamic table. */
export function decodeFields(block: Buffer): readonly ReceivedField[] {
  const fields: ReceivedField[] = []
  const reader = new BlockReader(block)
  while (!reader.done) {
    const byte = reader.peek()
    if (byte & 0x80) {
      fields.push(indexed(reader.integer(7)))
    } else if ((byte & 0xe0) === 0x20) {
      reader.integer(5)
    } else {
      const index = reader.integer(byte & 0x40 ? 6 : 4)
      const name = index === 0 ? reader.text() : indexed(index)[0]
      fields.push([name, reader.text()])
    }
  }
  return fields
}

function indexed(index: number): ReceivedField {
  const field = STATIC_TABLE[index - 1]
  if (field === undefined) throw new RangeError(`a header block refers to entry ${index} of no table`)
  return field
}

function literal(bytes: Buffer): readonly Buffer[] {
  return [integer(bytes.length, 7), bytes]
}

/** RFC 7541 §5.1, with the bits before the prefix zero. */
function integer(value: number, prefixBits: number): Buffer {
  const limit = 2 ** prefixBits - 1
  if (value < limit) return Buffer.from([value])
  const bytes = [limit]
  let rest = value - limit
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

class BlockReader {
  readonly #block: Buffer
  #at = 0

  constructor(block: Buffer) {
    this.#block = block
  }

  get done(): boolean {
    return this.#at >= this.#block.length
  }

  peek(): number {
    return this.#byteAt(this.#at)
  }

  integer(prefixBits: number): number {
    const limit = 2 ** prefixBits - 1
    let value = this.#next() & limit
    if (value < limit) return value
    for (let factor = 1, more = true; more; factor *= 128) {
      const byte = this.#next()
      value += (byte & 0x7f) * factor
      more = byte >= 0x80
      if (value > this.#block.length + 2 ** 20) throw new RangeError('a header block has an absurd number')
    }
    return value
  }

  text(): string {
    const coded = (this.peek() & 0x80) !== 0
    const length = this.integer(7)
    if (this.#at + length > this.#block.length) throw new RangeError('a header block ends within a text')
    const bytes = this.#block.subarray(this.#at, this.#at + length)
    this.#at += length
    return (coded ? decodeHuffman(bytes) : bytes).toString('latin1')
  }

  #next(): number {
    return this.#byteAt(this.#at++)
  }

  #byteAt(at: number): number {
    const byte = this.#block[at]
    if (byte === undefined) throw new RangeError('a header block ends too early')
    return byte
  }
}
