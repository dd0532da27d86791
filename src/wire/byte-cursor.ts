/** How the content of a field is written, as the low three bits of its tag say. */
export const WIRE = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const

/** A place in encoded messages, which are read by hand. Throws RangeError for what is not well-formed. */
export class ByteCursor {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Its low 32 bits. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.at]
      if (byte === undefined) break
      this.at += 1
      if (shift < 32) value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new RangeError('a number does not end')
  }

  /** Where the length-delimited field that begins here ends. */
  end(outerEnd: number): number {
    const length = this.varint()
    const end = this.at + length
    if (end > outerEnd) throw new RangeError('a field goes on beyond its message')
    return end
  }

  text(end: number): string {
    const text = this.#bytes.toString('utf8', this.at, end)
    this.at = end
    return text
  }

  /** A part of what is read, not a copy. */
  bytes(end: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.at, end)
    this.at = end
    return bytes
  }

  /** Takes the length-delimited fields that end before `end`, one after the other, and passes over all others. */
  fields(end: number, take: (field: number, fieldEnd: number) => void): void {
    while (this.at < end) {
      const tag = this.varint()
      if ((tag & 7) === WIRE.delimited) {
        const fieldEnd = this.end(end)
        take(tag >>> 3, fieldEnd)
        this.at = fieldEnd
      } else this.skip(tag, end)
    }
    if (this.at !== end) throw new RangeError('a message goes on beyond its end')
  }

  skip(tag: number, outerEnd: number): void {
    switch (tag & 7) {
      case WIRE.varint:
        this.varint()
        break
      case WIRE.fixed64:
        this.at += 8
        break
      case WIRE.delimited:
        this.at = this.end(outerEnd)
        break
      case WIRE.fixed32:
        this.at += 4
        break
      default:
        throw new RangeError(`no field begins with ${tag}`)
    }
    if (tag >>> 3 === 0) throw new RangeError('a field has the number 0')
  }
}
