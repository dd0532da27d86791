/** What a bench's zone reads of a response: a real one would decode all of it, which is not what is measured. */
export interface Glance {
  readonly type: string
  readonly nonce: string
}

const TYPE = 4
const NONCE = 5

/** Steps over the fields of a DeltaDiscoveryResponse, all of which are length-delimited. */
export function glance(bytes: Buffer): Glance {
  let type = ''
  let nonce = ''
  let at = 0
  while (at < bytes.length) {
    const field = (bytes[at] ?? 0) >> 3
    at += 1
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] ?? 0
      at += 1
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (field === TYPE) type = bytes.toString('utf8', at, at + length)
    if (field === NONCE) nonce = bytes.toString('utf8', at, at + length)
    at += length
  }
  return { type, nonce }
}

/** A gRPC message with its prefix: not compressed, length. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  return frame
}
