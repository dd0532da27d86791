import type { DeltaRequest } from '../protocol/messages.js'
import { concatFields, type Field } from './fields.js'

/** Field numbers of DeltaDiscoveryRequest and of Node. */
const FIELD = { node: 1, type: 2, nonce: 6 } as const
const NODE_ID = 1
const LENGTH_DELIMITED = 2

const NONE: readonly string[] = []
const NO_VERSIONS: ReadonlyMap<string, string> = new Map()

/**
 * Reads a plain answer: a type, a nonce and at most the id of a node, each once. A publisher hears one for each message to each
 * peer, so it is read by hand; undefined for whatever else a request may hold, which is left to the decoder.
 */
export function readAnswer(bytes: Buffer): DeltaRequest | undefined {
  let type = ''
  let nonce = ''
  let node: { id: string } | undefined
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number
    const length = bytes[at + 1]
    const from = at + 2
    // All of a plain answer's fields are shorter than what needs a second byte of length.
    if ((tag & 7) !== LENGTH_DELIMITED || length === undefined || length > 0x7f) return undefined
    at = from + length
    if (at > bytes.length) return undefined
    const field = tag >> 3
    if (field === FIELD.type && type === '') type = bytes.toString('utf8', from, at)
    else if (field === FIELD.nonce && nonce === '') nonce = bytes.toString('utf8', from, at)
    else if (field === FIELD.node && !node) {
      node = readNodeId(bytes, from, at)
      if (!node) return undefined
    } else return undefined
  }
  if (type === '' || nonce === '') return undefined
  return { type, nonce, subscribe: NONE, unsubscribe: NONE, initialVersions: NO_VERSIONS, error: undefined, node }
}

/** The bytes of a plain answer; undefined for a request that says more. */
export function encodeAnswer(request: DeltaRequest): Buffer | undefined {
  const { type, nonce, subscribe, unsubscribe, initialVersions, error } = request
  if (type === '' || nonce === '' || error !== undefined) return undefined
  if (subscribe.length + unsubscribe.length + initialVersions.size > 0) return undefined
  const node = request.node as { id: string } | undefined
  if (node !== undefined && !saysIdAlone(node)) return undefined
  const fields: Field[] = node ? [[FIELD.node, concatFields([[NODE_ID, Buffer.from(node.id)]])]] : []
  return concatFields([...fields, [FIELD.type, Buffer.from(type)], [FIELD.nonce, Buffer.from(nonce)]])
}

function saysIdAlone(node: { readonly id: string }): boolean {
  return node.id !== '' && Object.entries(node).every(([member, said]) => member === 'id' || said === undefined)
}

function readNodeId(bytes: Buffer, from: number, to: number): { id: string } | undefined {
  const alone = bytes[from] === ((NODE_ID << 3) | LENGTH_DELIMITED) && from + 2 + (bytes[from + 1] ?? 0) === to
  return alone ? { id: bytes.toString('utf8', from + 2, to) } : undefined
}
