/** A field's number, below 16 so that its tag is one byte, and its content: text, bytes or a message. */
export type Field = readonly [number, Uint8Array]

const LENGTH_DELIMITED = 2

/** Of fields those that proto3 writes: an empty one is not there. */
export function stated(...fields: readonly Field[]): readonly Field[] {
  return fields.filter(([, { length }]) => length > 0)
}

/** One allocation and one copy. */
export function concatFields(
  fields: readonly Field[],
  allocate: (size: number) => Buffer = Buffer.allocUnsafe,
): Buffer {
  let size = 0
  for (const [, { length }] of fields) size += 1 + varintSize(length) + length
  const bytes = allocate(size)
  let at = 0
  for (const [number, content] of fields) {
    bytes[at++] = (number << 3) | LENGTH_DELIMITED
    let rest = content.length
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
    bytes[at++] = rest
    bytes.set(content, at)
    at += content.length
  }
  return bytes
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size += 1
  return size
}
