import { JSON_TYPE, type Reply } from '../api/reply.js'
import { AppError } from '../base/errors.js'
import { parseJson } from '../model/json.js'
import { answer } from './reply.js'
import type { ManagerRequest, ManagerRoute } from './route.js'

/** Not in Konnect's published API; public tools use both versions (auth.md §2.2). */
export const ZONE_ROUTES: readonly ManagerRoute[] = ['/v0', '/v1'].map((version) => ({
  method: 'POST',
  path: `${version}/mesh/control-planes/{cpId}/api/provision-zone`,
  what: 'A new zone and the token that connects it, shown once',
  access: 'control-plane-connect',
  bareToken: true,
  handle: provision,
}))

/** RFC 1035 label. */
const ZONE_NAME = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/

async function provision({ manager, records, controlPlane, body, trail }: ManagerRequest): Promise<Reply> {
  const name = zoneName(body)
  if (name === undefined) return invalidName()
  try {
    const token = await manager.provisioning.provision(records, controlPlane, name, trail)
    // The global has to know the token before its owner can try it.
    await manager.feeds.settled()
    return answer({ token })
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code !== 'already-exists') throw error
    return std(409, { title: 'Zone already exists', detail: error.message })
  }
}

function zoneName(body: Buffer): string | undefined {
  try {
    const { name } = parseJson(body.toString('utf8')) as { name?: unknown }
    return typeof name === 'string' && ZONE_NAME.test(name) ? name : undefined
  } catch {
    return undefined
  }
}

function invalidName(): Reply {
  const reason =
    "invalid characters. A lower-case RFC 1035 label: 1 to 63 of a-z, 0-9 and '-', a letter first, no '-' at the end"
  return std(400, { title: 'Invalid zone name', detail: reason, invalid_parameters: [{ field: 'name', reason }] })
}

/** This one call answers in Kuma's form, not in Konnect's. */
function std(status: number, problem: object): Reply {
  return { status, contentType: JSON_TYPE, body: JSON.stringify({ type: '/std-errors', status, ...problem }) }
}
