import type { DeltaRequest, DeltaResponse } from '../protocol/messages.js'
import { decodeKdsResponse } from '../wire/delta-codec.js'
import { KDS } from '../wire/kds-service.js'
import type { Method } from '../wire/method.js'

/** What one zone has taken and given on the wire, without HTTP/2's own bytes. */
export interface WireCount {
  messagesIn: number
  bytesIn: number
  messagesOut: number
  bytesOut: number
  /** Responses that the zone or the global has refused. */
  nacks: number
}

export function noTraffic(): WireCount {
  return { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0, nacks: 0 }
}

/** As many messages as may be on their way to the zones of one process at a time; a comparison costs less than a tenth of a decoding. */
const KEPT = 16

/**
 * Decodes what a global sends to many zones once: ours sends each the same bytes. A message that differs, as every
 * message of a global with nonces of its own for each zone does, is decoded for itself.
 */
export class SharedDecoder {
  readonly #kept: { readonly bytes: Uint8Array; readonly response: DeltaResponse<Uint8Array> }[] = []
  #next = 0

  decode(bytes: Uint8Array): DeltaResponse<Uint8Array> {
    const same = this.#kept.find((one) => one.bytes.length === bytes.length && Buffer.compare(one.bytes, bytes) === 0)
    if (same) return same.response
    const response = decodeKdsResponse(bytes)
    this.#kept[this.#next % KEPT] = { bytes, response }
    this.#next += 1
    return response
  }
}

/** GlobalToZoneSync as the zone's side of it sees it, counted. */
export function countedDown(
  count: WireCount,
  decoder: Pick<SharedDecoder, 'decode'>,
): Method<DeltaRequest, unknown, never, DeltaResponse<Uint8Array>> {
  return {
    ...KDS.GlobalToZoneSync,
    encodeResponse: (): never => {
      throw new Error('a zone sends no response on this stream')
    },
    encodeRequest(request) {
      const bytes = KDS.GlobalToZoneSync.encodeRequest(request)
      count.messagesOut += 1
      count.bytesOut += bytes.length
      if (request.error !== undefined) count.nacks += 1
      return bytes
    },
    decodeResponse(bytes) {
      count.messagesIn += 1
      count.bytesIn += bytes.length
      return decoder.decode(bytes)
    },
  }
}

/** ZoneToGlobalSync, counted. */
export function countedUp(count: WireCount): typeof KDS.ZoneToGlobalSync {
  return {
    ...KDS.ZoneToGlobalSync,
    encodeRequest(response) {
      count.messagesOut += 1
      count.bytesOut += response.bytes.length
      return response.bytes
    },
    decodeResponse(bytes) {
      count.messagesIn += 1
      count.bytesIn += bytes.length
      const request = KDS.ZoneToGlobalSync.decodeResponse(bytes)
      if (request.error !== undefined) count.nacks += 1
      return request
    },
  }
}
