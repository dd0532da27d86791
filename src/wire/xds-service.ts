import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../protocol/messages.js'
import { decodeDeltaRequest, decodeXdsResponse, encodeDeltaRequest } from './delta-codec.js'
import { AggregatedDiscoveryService } from './generated/envoy/service/discovery/v3/discovery_pb.js'
import { type Method, methodPath } from './method.js'
import type { AnyValue } from './spec-codec.js'

/** Delta ADS: the sidecar dials and subscribes, the zone publishes. Payloads keep their type URL. */
export const DeltaAggregatedResources: Method<DeltaRequest, DeltaRequest, EncodedResponse, DeltaResponse<AnyValue>> = {
  kind: 'bidi',
  path: methodPath(AggregatedDiscoveryService.method.deltaAggregatedResources),
  encodeRequest: encodeDeltaRequest,
  decodeRequest: decodeDeltaRequest,
  encodeResponse: (response) => response.bytes,
  decodeResponse: decodeXdsResponse,
}
