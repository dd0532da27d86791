/** HTTP/2 frames (RFC 9113 §4, §6) as bytes, and from bytes. */

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Every endpoint takes frames of this size (RFC 9113 §4.2); we allow no larger ones either. */
export const FRAME_BYTES_MAX = 16_384
const HEADER_BYTES = 9

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export function encodeFrame({ type, flags, stream, payload }: Frame): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** A header block as HEADERS and as many CONTINUATIONs as it takes. */
export function headerFrames(stream: number, block: Buffer, endStream: boolean): readonly Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at === 0 || at < block.length; at += FRAME_BYTES_MAX) {
    const payload = block.subarray(at, at + FRAME_BYTES_MAX)
    const last = at + FRAME_BYTES_MAX >= block.length ? FLAG.END_HEADERS : 0
    const end = at === 0 && endStream ? FLAG.END_STREAM : 0
    frames.push({ type: at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION, flags: last | end, stream, payload })
  }
  return frames
}

/** What a HEADERS or DATA frame holds between padding and priority. */
export function contentOf({ type, flags, payload }: Frame): Buffer {
  const padding = flags & FLAG.PADDED ? (payload[0] ?? 0) : 0
  const from = (flags & FLAG.PADDED ? 1 : 0) + (type === FRAME.HEADERS && flags & FLAG.PRIORITY ? 5 : 0)
  return payload.subarray(from, payload.length - padding)
}

/** Cuts a byte stream into frames. Throws RangeError for one that is larger than allowed, as bytes of another protocol are. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): readonly Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    while (this.#rest.length >= HEADER_BYTES) {
      const length = this.#rest.readUIntBE(0, 3)
      if (length > FRAME_BYTES_MAX) throw new RangeError('these are no HTTP/2 frames')
      if (this.#rest.length < HEADER_BYTES + length) break
      frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        stream: this.#rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#rest.subarray(HEADER_BYTES, HEADER_BYTES + length),
      })
      this.#rest = this.#rest.subarray(HEADER_BYTES + length)
    }
    return frames
  }
}

const NAMES = new Map<number, string>(Object.entries(FRAME).map(([name, type]) => [type, name]))
const ERROR_NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

export function errorName(code: number): string {
  return ERROR_NAMES[code] ?? `error ${code}`
}

/** One line: direction, name, stream, flags that matter, size. */
export function describeFrame(direction: '>' | '<', { type, flags, stream, payload }: Frame): string {
  const marks = [
    type === FRAME.HEADERS || type === FRAME.CONTINUATION ? (flags & FLAG.END_HEADERS ? ' END_HEADERS' : '') : '',
    (type === FRAME.HEADERS || type === FRAME.DATA) && flags & FLAG.END_STREAM ? ' END_STREAM' : '',
    type === FRAME.RST_STREAM ? ` ${errorName(payload.readUInt32BE(0))}` : '',
    type === FRAME.GOAWAY ? ` ${errorName(payload.readUInt32BE(4))}` : '',
  ]
  return `${direction} ${NAMES.get(type) ?? `type ${type}`} stream=${stream}${marks.join('')} ${payload.length} B`
}
