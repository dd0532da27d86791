import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { decodeMessage } from './decode.js'
import {
  AdminAnswerSchema,
  AdminOutputFormat,
  ClustersRequestSchema,
  StatsRequestSchema,
  XDSConfigRequestSchema,
} from './generated/kds/admin_pb.js'

/** The global's question about one proxy. The last three are for the RPCs that have them. */
export interface AdminRequest {
  readonly requestId: string
  readonly resourceType: string
  readonly resourceName: string
  readonly resourceMesh: string
  /** StreamXDSConfigs. Default: without endpoints. */
  readonly includeEds?: boolean
  /** StreamStats and StreamClusters. Default: text. */
  readonly format?: 'text' | 'json'
  /** StreamStats. Default: all. */
  readonly usedOnly?: boolean
}

/** The zone's answer: `error`, or if that is undefined, `body` as the proxy's admin port gave it. */
export interface AdminResponse {
  readonly requestId: string
  readonly error: string | undefined
  readonly body: Uint8Array
}

interface Codec<T> {
  encode(message: T): Uint8Array
  decode(bytes: Uint8Array): T
}

export const adminAnswer: Codec<AdminResponse> = {
  encode: ({ requestId, error, body }) => {
    const result: MessageInitShape<typeof AdminAnswerSchema>['result'] =
      error === undefined ? { case: 'body', value: body } : { case: 'error', value: error }
    return toBinary(AdminAnswerSchema, create(AdminAnswerSchema, { requestId, result }))
  },
  decode: (bytes) => {
    const { requestId, result } = decodeMessage(AdminAnswerSchema, bytes)
    return {
      requestId,
      error: result.case === 'error' ? result.value : undefined,
      body: result.case === 'body' ? result.value : NOTHING,
    }
  },
}

const NOTHING = new Uint8Array(0)

export const xdsConfigQuestion: Codec<AdminRequest> = {
  encode: ({ includeEds = false, ...request }) => {
    return toBinary(XDSConfigRequestSchema, create(XDSConfigRequestSchema, { ...proxyOf(request), includeEds }))
  },
  decode: (bytes) => {
    const message = decodeMessage(XDSConfigRequestSchema, bytes)
    return { ...proxyOf(message), includeEds: message.includeEds }
  },
}

export const statsQuestion: Codec<AdminRequest> = {
  encode: ({ format, usedOnly = false, ...request }) => {
    const init = { ...proxyOf(request), format: FORMATS[format ?? 'text'], usedOnly }
    return toBinary(StatsRequestSchema, create(StatsRequestSchema, init))
  },
  decode: (bytes) => {
    const message = decodeMessage(StatsRequestSchema, bytes)
    return { ...proxyOf(message), format: formatOf(message.format), usedOnly: message.usedOnly }
  },
}

export const clustersQuestion: Codec<AdminRequest> = {
  encode: ({ format, ...request }) => {
    const init = { ...proxyOf(request), format: FORMATS[format ?? 'text'] }
    return toBinary(ClustersRequestSchema, create(ClustersRequestSchema, init))
  },
  decode: (bytes) => {
    const message = decodeMessage(ClustersRequestSchema, bytes)
    return { ...proxyOf(message), format: formatOf(message.format) }
  },
}

const FORMATS = { text: AdminOutputFormat.TEXT, json: AdminOutputFormat.JSON } as const

/** A format of a later Kuma is text, as Kuma's zone treats it. */
function formatOf(format: AdminOutputFormat): 'text' | 'json' {
  return format === AdminOutputFormat.JSON ? 'json' : 'text'
}

type ProxyQuestion = Pick<AdminRequest, 'requestId' | 'resourceType' | 'resourceName' | 'resourceMesh'>

/** Which proxy: the part that the three questions share. */
function proxyOf({ requestId, resourceType, resourceName, resourceMesh }: ProxyQuestion): ProxyQuestion {
  return { requestId, resourceType, resourceName, resourceMesh }
}
