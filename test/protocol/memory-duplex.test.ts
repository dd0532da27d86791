import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../src/protocol/messages.js'
import { type DuplexPair, duplexContract } from '../contract/duplex-contract.js'
import { MemoryLink } from '../support/memory-duplex.js'
import { decode, encode } from './resources.js'

duplexContract('in-memory duplex', async (): Promise<DuplexPair> => {
  const link = new MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, DeltaResponse<unknown>>({
    toRight: decode,
    toLeft: (request) => request,
    auto: true,
  })
  return {
    publisher: link.left,
    subscriber: link.right,
    response: (type, nonce) => ({ type, nonce, bytes: encode(type, nonce, [], []) }),
    cut: () => link.cut(),
    close: async () => {},
  }
})
