import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.js'

/** A message of a peer. Fields that we do not know are skipped. Throws `undecodable`. */
export function decodeMessage<S extends DescMessage>(schema: S, bytes: Uint8Array): MessageShape<S> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false })
  } catch (cause) {
    throw new AppError('undecodable', `bytes of the peer do not decode as ${schema.typeName}`, { cause })
  }
}
