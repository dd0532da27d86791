/** The Distinguished Encoding Rules (ITU-T X.690), as far as a certificate needs them. */
export type Der = Buffer

export function sequence(...items: readonly Der[]): Der {
  return tagged(0x30, ...items)
}

export function set(...items: readonly Der[]): Der {
  return tagged(0x31, ...items)
}

/** Any tag over the concatenation of `items`: context-specific ones, and strings. */
export function tagged(tag: number, ...items: readonly Uint8Array[]): Der {
  const content = Buffer.concat(items)
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])
}

export function boolean(value: boolean): Der {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]))
}

/** Unsigned, big-endian; a leading zero keeps it positive. */
export function integer(bytes: Uint8Array): Der {
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = start < 0 ? Buffer.from([0]) : bytes.subarray(start)
  return (digits[0] ?? 0) >= 0x80 ? tagged(0x02, Buffer.from([0]), digits) : tagged(0x02, digits)
}

/** The value that stands for none, where an encoding asks for one. */
export function nothing(): Der {
  return tagged(0x05)
}

export function octets(bytes: Uint8Array): Der {
  return tagged(0x04, bytes)
}

/** Whole bytes, or with `unused` low bits of the last byte that do not count. */
export function bits(bytes: Uint8Array, unused = 0): Der {
  return tagged(0x03, Buffer.from([unused]), bytes)
}

export function utf8(text: string): Der {
  return tagged(0x0c, Buffer.from(text, 'utf8'))
}

/** An object identifier in dotted form. */
export function oid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** UTCTime until 2049 and GeneralizedTime from then on (RFC 5280 §4.1.2.5), to the second. */
export function time(ms: number): Der {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  const early = new Date(ms).getUTCFullYear() < 2050
  return early ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}

/** The bytes between an encoding's head and its end. The encoding is one that a cryptographic library has read already. */
export function contentOf(der: Uint8Array): Der {
  return Buffer.from(der.subarray(headLength(der)))
}

/** The encodings that a constructed one holds, each with its own head. */
export function elementsOf(der: Uint8Array): readonly Der[] {
  const elements: Der[] = []
  let rest: Uint8Array = contentOf(der)
  while (rest.length > 0) {
    const length = headLength(rest) + contentLength(rest)
    elements.push(Buffer.from(rest.subarray(0, length)))
    rest = rest.subarray(length)
  }
  return elements
}

function headLength(der: Uint8Array): number {
  const first = der[1] ?? 0
  return first < 0x80 ? 2 : 2 + (first & 0x7f)
}

function contentLength(der: Uint8Array): number {
  const first = der[1] ?? 0
  if (first < 0x80) return first
  return der.subarray(2, headLength(der)).reduce((length, byte) => length * 256 + byte, 0)
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return Buffer.from([0x80 | digits.length, ...digits])
}
