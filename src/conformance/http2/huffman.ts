/**
 * The Huffman code of HPACK (RFC 7541 Appendix B), as the length of each byte's code: it is canonical, so that the lengths
 * in order of the bytes say all of it.
 */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
]
const END_OF_STRING = 256
const LENGTH_MAX = 30

/** Per length, from its first code on: the bytes in order. */
interface Rung {
  readonly first: number
  readonly bytes: readonly number[]
}

const LADDER: readonly Rung[] = ladder()

function ladder(): readonly Rung[] {
  const rungs: Rung[] = []
  let first = 0
  for (let length = 0; length <= LENGTH_MAX; length++) {
    const bytes = LENGTHS.flatMap((own, byte) => (own === length ? [byte] : []))
    rungs.push({ first, bytes })
    first = (first + bytes.length) * 2
  }
  return rungs
}

/** Throws RangeError for what is no Huffman-coded string. */
export function decodeHuffman(encoded: Buffer): Buffer {
  const decoded: number[] = []
  let code = 0
  let length = 0
  for (const byte of encoded) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1)
      length += 1
      const rung = LADDER[length]
      if (rung === undefined) throw new RangeError('a Huffman code is longer than any')
      const found = rung.bytes[code - rung.first]
      if (code < rung.first || found === undefined) continue
      if (found === END_OF_STRING) throw new RangeError('a Huffman-coded string contains its end')
      decoded.push(found)
      code = 0
      length = 0
    }
  }
  // What is left over is padding: fewer than eight ones.
  if (length > 7 || code !== 2 ** length - 1) throw new RangeError('a Huffman-coded string is badly padded')
  return Buffer.from(decoded)
}
