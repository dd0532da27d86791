import type { JsonObject } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import { type Resource, specOf } from '../model/resource.js'
import { invalidResource } from './problem.js'
import type { ApiRequest } from './route.js'

interface Gateway extends JsonObject {
  readonly tags?: Record<string, string>
  /** DELEGATED is the enum's zero, which protobuf JSON leaves out. */
  readonly type?: string
}

/** `gateway=` and `tag=` of dataplane lists and overviews (kuma `pkg/api-server/filters`). */
export function readDataplaneFilter(request: ApiRequest): (dataplane: Resource) => boolean {
  const isWanted = readGatewayMode(request)
  const tags = readTags(request.query)
  return (dataplane) => {
    const gateway = specOf<{ networking?: { gateway?: Gateway } }>(dataplane).networking?.gateway
    return isWanted(gateway) && (holds(tags, gateway?.tags ?? {}) || holds(tags, dataplane.labels))
  }
}

function readGatewayMode({ query, route }: ApiRequest): (gateway: Gateway | undefined) => boolean {
  const mode = (query.get('gateway') ?? '').toLowerCase()
  switch (mode) {
    case '':
      return () => true
    case 'true':
      return (gateway) => gateway !== undefined
    case 'false':
      return (gateway) => gateway === undefined
    case 'delegated':
      return (gateway) => gateway !== undefined && (gateway.type ?? 'DELEGATED') === 'DELEGATED'
    default: {
      const reason = `should use \`true\`, \`false\` or \`delegated\` instead of ${mode}`
      throw invalidResource({ field: `${route.path}.gateway`, reason })
    }
  }
}

/** `tag=key:value`, repeatable; what has no colon is ignored. */
function readTags(query: URLSearchParams): Labels {
  const pairs = query.getAll('tag').filter((tag) => tag.includes(':'))
  return Object.fromEntries(pairs.map((tag) => [tag.slice(0, tag.indexOf(':')), tag.slice(tag.indexOf(':') + 1)]))
}

/** A wanted value may be a part of the real one, or `*`. */
function holds(wanted: Labels, real: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    const there = real[key]
    return there !== undefined && (value === '*' || there.includes(value))
  })
}
