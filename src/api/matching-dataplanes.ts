import type { ResourceType } from '../model/registry.js'
import type { Resource } from '../model/resource.js'
import { pageOf, readOffset, readPageSize } from './lists.js'
import { step } from './problem.js'
import { getExisting, mayTouch } from './read.js'
import { json, type Reply } from './reply.js'
import { referenceJson } from './resource-json.js'
import type { ApiRequest } from './route.js'

/** A page of the dataplanes of the URL's mesh for which `matches` holds. `next` is there only when there is one. */
export async function matchingDataplanes(
  request: ApiRequest,
  type: ResourceType,
  matches: (resource: Resource, dataplane: Resource) => boolean,
): Promise<Reply> {
  const title = 'Could not retrieve policy'
  const size = await step(title, () => readPageSize(request.query))
  mayTouch(request, type)
  const mesh = request.param('mesh')
  const resource = await step(title, () => getExisting(request, { type, mesh, name: request.param('name') }))
  return step('failed inspect', async () => {
    const nameContains = request.query.get('name') ?? ''
    const filter = { mesh, ...(nameContains !== '' && { nameContains }) }
    const { resources } = await request.store.list('Dataplane', filter)
    const matching = resources.filter((dataplane) => matches(resource, dataplane))
    const { items, next, total } = pageOf(matching, { size, offset: readOffset(request.query) }, request)
    return json({ items: items.map(referenceJson), ...(next !== null && { next }), total })
  })
}
