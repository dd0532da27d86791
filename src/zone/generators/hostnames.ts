import { AppError } from '../../base/errors.js'
import { type HostnameTemplate, parseTemplate, renderTemplate } from '../../model/hostname-template.js'
import { LABEL, type Labels, matchesLabels, sameLabels } from '../../model/labels.js'
import { displayName, type Resource, specOf } from '../../model/resource.js'

/** The types that get hostnames, and how a HostnameGenerator's selector names them. */
const SELECTOR_OF = {
  MeshService: 'meshService',
  MeshMultiZoneService: 'meshMultiZoneService',
  MeshExternalService: 'meshExternalService',
} as const

export type HostnamedType = keyof typeof SELECTOR_OF
export const HOSTNAMED_TYPES = Object.keys(SELECTOR_OF) as readonly HostnamedType[]

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

/** A generator that selects services of the type, and the labels by which it does. */
interface Naming {
  readonly generator: Resource
  readonly template: string
  readonly wanted: Labels
}

/** What one generator makes of one service, before others are looked at. */
type Claim = { readonly naming: Naming } & ({ readonly hostname: string } | { readonly fault: string })

/**
 * The hostnames of the services of one type of one mesh. Zone generators come first, then older ones; of services that
 * would have one hostname the first by generator, then the older one has it (kuma
 * `pkg/core/resources/apis/hostnamegenerator/hostname`). A service that comes or goes is looked at by itself.
 */
export class HostnameIndex {
  readonly #type: HostnamedType
  readonly #zone: string
  readonly #serviceNamed: (name: string) => Resource | undefined
  #namings: readonly Naming[] = []
  /** Hostname → names of the services that would have it. */
  #claimants = new Map<string, readonly string[]>()

  constructor(type: HostnamedType, zone: string, serviceNamed: (name: string) => Resource | undefined) {
    this.#type = type
    this.#zone = zone
    this.#serviceNamed = serviceNamed
  }

  /** Begins anew with these generators, in the place of those before, and with all services that there are. */
  restart(generators: Iterable<Resource>, services: Iterable<Resource>): void {
    this.#namings = [...generators].sort(byOriginThenAge).flatMap((generator) => {
      const { template, selector } = specOf<GeneratorSpec>(generator)
      const wanted = selector?.[SELECTOR_OF[this.#type]]?.matchLabels
      return wanted === undefined || template === undefined ? [] : [{ generator, template, wanted }]
    })
    this.#claimants = new Map()
    for (const service of services) this.#enter(service)
  }

  /** Returns the names of the services whose hostnames may be others now, besides its own. */
  change(before: Resource | undefined, after: Resource | undefined): ReadonlySet<string> {
    const touched = new Set<string>()
    if (before && after && isNamedAlike(before, after)) return touched
    if (before) for (const name of this.#leave(before)) touched.add(name)
    if (after) for (const name of this.#enter(after)) touched.add(name)
    return touched
  }

  of(service: Resource): Hostnames {
    const addresses: Address[] = []
    const hostnameGenerators: GeneratorStatus[] = []
    for (const claim of this.#claims(service)) {
      const hostnameGeneratorRef = { coreName: claim.naming.generator.name }
      const outcome = this.#outcome(claim, service)
      if (outcome.kind === 'generated') {
        addresses.push({ hostname: outcome.hostname, origin: 'HostnameGenerator', hostnameGeneratorRef })
      }
      hostnameGenerators.push({ hostnameGeneratorRef, conditions: [conditionOf(outcome, this.#type)] })
    }
    return { addresses, hostnameGenerators }
  }

  #outcome(claim: Claim, service: Resource): Generated {
    if ('fault' in claim) return { kind: 'template-error', message: claim.fault }
    const { hostname } = claim
    const owner = this.#ownerOf(hostname)
    return owner === undefined || owner === service.name
      ? { kind: 'generated', hostname }
      : { kind: 'collision', with: owner }
  }

  #ownerOf(hostname: string): string | undefined {
    const names = this.#claimants.get(hostname) ?? []
    if (names.length < 2) return names[0]
    const claimants = names.flatMap((name) => {
      const service = this.#serviceNamed(name)
      const claim = service && this.#claims(service).find((one) => 'hostname' in one && one.hostname === hostname)
      return claim ? [{ service, rank: this.#namings.indexOf(claim.naming) }] : []
    })
    return claimants.sort((a, b) => a.rank - b.rank || byAge(a.service, b.service))[0]?.service.name
  }

  #claims(service: Resource): readonly Claim[] {
    return this.#namings
      .filter(({ wanted }) => matchesLabels(service.labels, wanted))
      .map((naming) => {
        try {
          const template = templateOf(naming.generator, naming.template)
          return { naming, hostname: renderTemplate(template, valuesOf(service, this.#zone)) }
        } catch (thrown) {
          return { naming, fault: AppError.from(thrown).message }
        }
      })
  }

  #hostnames(service: Resource): ReadonlySet<string> {
    return new Set(this.#claims(service).flatMap((claim) => ('hostname' in claim ? [claim.hostname] : [])))
  }

  #enter(service: Resource): readonly string[] {
    return [...this.#hostnames(service)].flatMap((hostname) => {
      const others = this.#others(hostname, service)
      this.#claimants.set(hostname, [...others, service.name])
      return others
    })
  }

  #leave(service: Resource): readonly string[] {
    return [...this.#hostnames(service)].flatMap((hostname) => {
      const others = this.#others(hostname, service)
      if (others.length > 0) this.#claimants.set(hostname, others)
      else this.#claimants.delete(hostname)
      return others
    })
  }

  #others(hostname: string, service: Resource): readonly string[] {
    return (this.#claimants.get(hostname) ?? []).filter((name) => name !== service.name)
  }
}

/** All that hostnames are made of is the same. */
function isNamedAlike(before: Resource, after: Resource): boolean {
  return before.createdAtMs === after.createdAtMs && sameLabels(before.labels, after.labels)
}

type Generated =
  | { readonly kind: 'generated'; readonly hostname: string }
  | { readonly kind: 'collision'; readonly with: string }
  | { readonly kind: 'template-error'; readonly message: string }

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
