import { AppError } from '../base/errors.js'
import { parseTemplate, renderTemplate } from '../model/hostname-template.js'
import type { JsonObject } from '../model/json.js'
import { LABEL, type Labels, matchesLabels } from '../model/labels.js'
import type { ResourceType } from '../model/registry.js'
import { displayName, type Resource, specOf } from '../model/resource.js'
import { matchingDataplanes } from './matching-dataplanes.js'
import { invalidResource, step } from './problem.js'
import { getExisting } from './read.js'
import { json, type Reply } from './reply.js'
import type { ApiRequest, Route } from './route.js'

/** What services are known as, and who is behind them. */
export const SERVICE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/meshes/{mesh}/meshservices/{name}/_dataplanes',
    what: 'Dataplanes behind a MeshService',
    handle: (request) => matchingDataplanes(request, 'MeshService', selects),
  },
  {
    method: 'GET',
    path: '/meshes/{mesh}/{serviceType}/{name}/_hostnames',
    what: 'Hostnames of a service, by zone',
    handle: hostnames,
  },
]

interface MeshServiceSelector {
  readonly dataplaneRef?: { readonly name?: string }
  readonly dataplaneLabels?: { readonly matchLabels?: Labels }
}

function selects(service: Resource, dataplane: Resource): boolean {
  const { selector = {} } = specOf<{ selector?: MeshServiceSelector }>(service)
  if (selector.dataplaneRef) return selector.dataplaneRef.name === dataplane.name
  return selector.dataplaneLabels !== undefined && selected(selector.dataplaneLabels.matchLabels, dataplane.labels)
}

/** A selector without labels selects nothing. */
function selected(wanted: Labels | undefined, labels: Labels): boolean {
  return wanted !== undefined && Object.keys(wanted).length > 0 && matchesLabels(labels, wanted)
}

/** Kind of service → the generator's selector for it. */
const SERVICE_TYPES: Readonly<Record<string, { readonly type: ResourceType; readonly selector: string }>> = {
  meshservices: { type: 'MeshService', selector: 'meshService' },
  meshexternalservices: { type: 'MeshExternalService', selector: 'meshExternalService' },
  meshmultizoneservices: { type: 'MeshMultiZoneService', selector: 'meshMultiZoneService' },
}

async function hostnames(request: ApiRequest): Promise<Reply> {
  const serviceType = request.param('serviceType')
  const service = Object.hasOwn(SERVICE_TYPES, serviceType) ? SERVICE_TYPES[serviceType] : undefined
  if (service === undefined) {
    const words = JSON.stringify(Object.keys(SERVICE_TYPES).join(','))
    return step(`only ${words} are available for inspection`, () => {
      throw invalidResource()
    })
  }
  const key = { type: service.type, mesh: request.param('mesh'), name: request.param('name') }
  const resource = await step('could not retrieve service', () => getExisting(request, key))
  const { resources: generators } = await request.store.list('HostnameGenerator')
  const zone = resource.labels[LABEL.zone] || (resource.name.split('.', 1)[0] ?? '')
  const found = new Set(
    generators.flatMap((generator) =>
      // A zone's generators see a copy's origin as global, their own as zone; a global shows what either would make.
      (request.api.cp.mode === 'global' ? ['zone', 'global'] : [resource.labels[LABEL.origin]]).flatMap((origin) =>
        generate(generator, service.selector, { ...resource, labels: withOrigin(resource.labels, origin) }, zone),
      ),
    ),
  )
  const items = [...found].sort().map((hostname): JsonObject => ({ hostname, zones: [{ name: zone }] }))
  return json({ items: items.length > 0 ? items : null, total: items.length })
}

function withOrigin(labels: Labels, origin: string | undefined): Labels {
  return origin === undefined ? labels : { ...labels, [LABEL.origin]: origin }
}

interface Generator {
  readonly selector?: Readonly<Record<string, { readonly matchLabels?: Labels } | undefined>>
  readonly template?: string
}

function generate(generator: Resource, selector: string, service: Resource, zone: string): readonly string[] {
  const spec = specOf<Generator>(generator)
  if (!selected(spec.selector?.[selector]?.matchLabels, service.labels)) return []
  try {
    const fields = {
      Name: service.name,
      DisplayName: displayName(service),
      Namespace: service.labels[LABEL.namespace] ?? '',
      Mesh: service.mesh ?? '',
      Zone: zone,
    }
    const template = parseTemplate(spec.template ?? '')
    const hostname = renderTemplate(template, { fields, label: (label) => service.labels[label] })
    return hostname === '' ? [] : [hostname]
  } catch (thrown) {
    // A generator that asks for a label which this service lacks names it not; the others still do.
    if (AppError.from(thrown).code === 'invalid-argument') return []
    throw thrown
  }
}
