import { AppError } from '../../base/errors.js'
import { type HostnameTemplate, parseTemplate, renderTemplate } from '../../model/hostname-template.js'
import { LABEL, type Labels, matchesLabels } from '../../model/labels.js'
import { displayName, type Resource, specOf } from '../../model/resource.js'

/** The types that get hostnames, and how a HostnameGenerator's selector names them. */
const SELECTOR_OF = {
  MeshService: 'meshService',
  MeshMultiZoneService: 'meshMultiZoneService',
  MeshExternalService: 'meshExternalService',
} as const

export type HostnamedType = keyof typeof SELECTOR_OF

interface GeneratorSpec {
  readonly template?: string
  readonly selector?: Readonly<Partial<Record<(typeof SELECTOR_OF)[HostnamedType], { readonly matchLabels?: Labels }>>>
}

export interface Hostnames {
  readonly addresses: readonly Address[]
  readonly hostnameGenerators: readonly GeneratorStatus[]
}

interface Address {
  readonly hostname: string
  readonly origin: 'HostnameGenerator'
  readonly hostnameGeneratorRef: { readonly coreName: string }
}

interface GeneratorStatus {
  readonly hostnameGeneratorRef: { readonly coreName: string }
  readonly conditions: readonly {
    readonly type: 'Generated'
    readonly status: 'True' | 'False'
    readonly reason: 'Generated' | 'Collision' | 'TemplateError'
    readonly message: string
  }[]
}

/**
 * The hostnames of all services of one type of one mesh, by service name. Zone generators come first, then older ones;
 * the first service to get a hostname keeps it (kuma `pkg/core/resources/apis/hostnamegenerator/hostname`).
 */
export function hostnamesOf(
  type: HostnamedType,
  services: Iterable<Resource>,
  generators: Iterable<Resource>,
  zone: string,
): ReadonlyMap<string, Hostnames> {
  const sorted = [...services].sort(byAge)
  const owners = new Map<string, string>()
  const made = new Map<string, { addresses: Address[]; hostnameGenerators: GeneratorStatus[] }>()
  for (const service of sorted) made.set(service.name, { addresses: [], hostnameGenerators: [] })
  for (const generator of [...generators].sort(byOriginThenAge)) {
    const { template, selector } = specOf<GeneratorSpec>(generator)
    const wanted = selector?.[SELECTOR_OF[type]]?.matchLabels
    if (wanted === undefined || template === undefined) continue
    for (const service of sorted) {
      if (!matchesLabels(service.labels, wanted)) continue
      const outcome = generate(() => templateOf(generator, template), service, zone, owners)
      const ref = { coreName: generator.name }
      const into = made.get(service.name)
      if (outcome.kind === 'generated') {
        into?.addresses.push({ hostname: outcome.hostname, origin: 'HostnameGenerator', hostnameGeneratorRef: ref })
      }
      into?.hostnameGenerators.push({ hostnameGeneratorRef: ref, conditions: [conditionOf(outcome, type)] })
    }
  }
  return made
}

type Generated =
  | { readonly kind: 'generated'; readonly hostname: string }
  | { readonly kind: 'collision'; readonly with: string }
  | { readonly kind: 'template-error'; readonly message: string }

function generate(
  template: () => HostnameTemplate,
  service: Resource,
  zone: string,
  owners: Map<string, string>,
): Generated {
  let hostname: string
  try {
    hostname = renderTemplate(template(), valuesOf(service, zone))
  } catch (thrown) {
    return { kind: 'template-error', message: AppError.from(thrown).message }
  }
  const owner = owners.get(hostname)
  if (owner !== undefined && owner !== service.name) return { kind: 'collision', with: owner }
  owners.set(hostname, service.name)
  return { kind: 'generated', hostname }
}

function conditionOf(outcome: Generated, type: HostnamedType): GeneratorStatus['conditions'][number] {
  switch (outcome.kind) {
    case 'generated':
      return { type: 'Generated', status: 'True', reason: 'Generated', message: '' }
    case 'collision':
      return {
        type: 'Generated',
        status: 'False',
        reason: 'Collision',
        message: `Hostname collision with ${type}: ${outcome.with}`,
      }
    case 'template-error':
      return { type: 'Generated', status: 'False', reason: 'TemplateError', message: outcome.message }
  }
}

function valuesOf(service: Resource, zone: string) {
  return {
    fields: {
      Name: service.name,
      DisplayName: displayName(service),
      Namespace: service.labels[LABEL.namespace] ?? '',
      Mesh: service.mesh ?? '',
      Zone: service.labels[LABEL.zone] ?? zone,
    },
    label: (key: string) => service.labels[key],
  }
}

const templates = new WeakMap<Resource, HostnameTemplate>()

/** Parsed once per generator; a changed generator is another value. */
function templateOf(generator: Resource, text: string): HostnameTemplate {
  let template = templates.get(generator)
  if (!template) {
    template = parseTemplate(text)
    templates.set(generator, template)
  }
  return template
}

function byAge(a: Resource, b: Resource): number {
  return a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1)
}

function byOriginThenAge(a: Resource, b: Resource): number {
  const rank = (resource: Resource) => (resource.labels[LABEL.origin] === 'zone' ? 0 : 1)
  return rank(a) - rank(b) || byAge(a, b)
}
