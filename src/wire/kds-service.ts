import { create, toBinary } from '@bufbuild/protobuf'
import { durationFromMs, durationMs } from '@bufbuild/protobuf/wkt'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../protocol/messages.js'
import {
  type AdminRequest,
  type AdminResponse,
  adminAnswer,
  clustersQuestion,
  statsQuestion,
  xdsConfigQuestion,
} from './admin-codec.js'
import { decodeMessage } from './decode.js'
import { decodeDeltaRequest, decodeKdsResponse, encodeDeltaRequest } from './delta-codec.js'
import {
  GlobalKDSService,
  ZoneHealthCheckRequestSchema,
  ZoneHealthCheckResponseSchema,
} from './generated/kds/admin_pb.js'
import { KDSSyncService } from './generated/kds/sync_pb.js'
import { type Method, methodPath } from './method.js'

/** How often the zone is to say that it is healthy; undefined: the zone's own interval. */
export interface HealthCheckReply {
  readonly intervalMs: number | undefined
}

type DownMethod = Method<DeltaRequest, DeltaRequest, EncodedResponse, DeltaResponse<Uint8Array>>
type UpMethod = Method<EncodedResponse, DeltaResponse<Uint8Array>, DeltaRequest, DeltaRequest>
type AdminMethod = Method<AdminResponse, AdminResponse, AdminRequest, AdminRequest>
type HealthMethod = Method<undefined, undefined, HealthCheckReply, HealthCheckReply>

const GlobalToZoneSync: DownMethod = {
  kind: 'bidi',
  path: methodPath(KDSSyncService.method.globalToZoneSync),
  encodeRequest: encodeDeltaRequest,
  decodeRequest: decodeDeltaRequest,
  encodeResponse: (response) => response.bytes,
  decodeResponse: decodeKdsResponse,
}

/** The zone publishes: what gRPC calls a request is a response of the delta protocol, and the other way round. */
const ZoneToGlobalSync: UpMethod = {
  kind: 'bidi',
  path: methodPath(KDSSyncService.method.zoneToGlobalSync),
  encodeRequest: (response) => response.bytes,
  decodeRequest: decodeKdsResponse,
  encodeResponse: encodeDeltaRequest,
  decodeResponse: decodeDeltaRequest,
}

const HealthCheck: HealthMethod = {
  kind: 'unary',
  path: methodPath(GlobalKDSService.method.healthCheck),
  encodeRequest: () => new Uint8Array(0),
  decodeRequest: (bytes) => {
    decodeMessage(ZoneHealthCheckRequestSchema, bytes)
    return undefined
  },
  encodeResponse: ({ intervalMs }) => {
    const init = intervalMs === undefined ? {} : { interval: durationFromMs(intervalMs) }
    return toBinary(ZoneHealthCheckResponseSchema, create(ZoneHealthCheckResponseSchema, init))
  },
  decodeResponse: (bytes) => {
    const { interval } = decodeMessage(ZoneHealthCheckResponseSchema, bytes)
    // Kuma's global sends zero for "your own".
    return { intervalMs: (interval && durationMs(interval)) || undefined }
  },
}

/** The global asks and the zone answers. */
function adminMethod(method: Parameters<typeof methodPath>[0], question: typeof statsQuestion): AdminMethod {
  return {
    kind: 'bidi',
    path: methodPath(method),
    encodeRequest: adminAnswer.encode,
    decodeRequest: adminAnswer.decode,
    encodeResponse: question.encode,
    decodeResponse: question.decode,
  }
}

/** The six RPCs that a zone calls (kds.md §1.1); in each the zone is the client. */
export const KDS = {
  GlobalToZoneSync,
  ZoneToGlobalSync,
  StreamXDSConfigs: adminMethod(GlobalKDSService.method.streamXDSConfigs, xdsConfigQuestion),
  StreamStats: adminMethod(GlobalKDSService.method.streamStats, statsQuestion),
  StreamClusters: adminMethod(GlobalKDSService.method.streamClusters, clustersQuestion),
  HealthCheck,
} as const
