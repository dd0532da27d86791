import { gunzipSync, inflateSync } from 'node:zlib'
import { AppError } from '../../base/errors.js'

/** One byte that says whether the message is compressed, four of its length (gRPC over HTTP/2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5

const UNPACK = { identity: undefined, gzip: gunzipSync, deflate: inflateSync } as const

/** How a peer may compress its messages. */
export type Encoding = keyof typeof UNPACK
export const ENCODINGS = Object.keys(UNPACK) as readonly Encoding[]

/** Cuts the bytes of a call into messages. A message is copied only if it came in parts. */
export class MessageReader {
  readonly #bytesMax: number
  /** A client learns it with the headers of the response, which come before its messages. */
  encoding: Encoding
  #chunks: Buffer[] = []
  #held = 0

  constructor(bytesMax: number, encoding: Encoding) {
    this.#bytesMax = bytesMax
    this.encoding = encoding
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#held += chunk.length
  }

  /** The next message that is there whole. Throws `too-large` and `undecodable`; then the call is over. */
  next(): Buffer | undefined {
    if (this.#held < PREFIX_BYTES) return undefined
    const prefix = this.#joined(PREFIX_BYTES)
    const length = prefix.readUInt32BE(1)
    if (length > this.#bytesMax) throw tooLarge(`(${length} vs. ${this.#bytesMax})`)
    const size = PREFIX_BYTES + length
    if (this.#held < size) return undefined
    const whole = this.#joined(size)
    this.#held -= size
    if (whole.length === size) this.#chunks.shift()
    else this.#chunks[0] = whole.subarray(size)
    const message = whole.subarray(PREFIX_BYTES, size)
    return whole[0] === 0 ? message : this.#unpacked(message)
  }

  /** A buffer that begins with the next `size` bytes, which have been received. */
  #joined(size: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= size) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }

  #unpacked(packed: Buffer): Buffer {
    const unpack = UNPACK[this.encoding]
    if (!unpack) throw new AppError('undecodable', 'a message is compressed, but the call names no compression')
    try {
      return unpack(packed, { maxOutputLength: this.#bytesMax })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw tooLarge(`after decompression ${this.#bytesMax}`)
      throw new AppError('undecodable', `a message is not ${this.encoding}`, { cause })
    }
  }
}

/** In grpc-go's words, which is what a Kuma zone's operator searches for. */
function tooLarge(sizes: string): AppError {
  return new AppError('too-large', `grpc: received message larger than max ${sizes}`)
}

/** Frames messages, each once: a batch goes to one stream after another, and its frame is kept for as long as it is. */
export class Framer {
  readonly #frames = new WeakMap<Uint8Array, Buffer>()

  frame(message: Uint8Array): Buffer {
    let frame = this.#frames.get(message)
    if (!frame) {
      frame = framed(message)
      this.#frames.set(message, frame)
    }
    return frame
  }
}

export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}
