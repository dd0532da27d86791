import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Resource } from '../../../../src/model/resource.js'
import { HostnameIndex } from '../../../../src/zone/generators/hostnames.js'
import { stored } from '../../../support/stored-resource.js'

const AGES = [1, 2, 3]
const someService = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c'),
    team: fc.constantFrom('x', 'y'),
    createdAtMs: fc.constantFrom(...AGES),
  })
  .map(({ name, team, createdAtMs }) => stored('MeshService', name, { labels: { team }, createdAtMs }))
const someGenerator = fc
  .record({
    name: fc.constantFrom('g1', 'g2', 'g3'),
    team: fc.option(fc.constantFrom('x', 'y')),
    template: fc.constantFrom('{{ .Name }}.mesh', 'one.mesh', '{{ label "team" }}.mesh'),
    origin: fc.constantFrom('zone', 'global'),
    createdAtMs: fc.constantFrom(...AGES),
  })
  .map(({ name, team, template, origin, createdAtMs }) =>
    stored('HostnameGenerator', name, {
      createdAtMs,
      labels: { 'kuma.io/origin': origin },
      spec: { template, selector: { meshService: { matchLabels: team === null ? {} : { team } } } },
    }),
  )

/** The rule word by word: generators one after the other, each over the services from the oldest on; who comes first has it. */
function ownersInTurn(services: readonly Resource[], generators: readonly Resource[]): ReadonlyMap<string, string> {
  const rank = ({ labels }: Resource) => (labels['kuma.io/origin'] === 'zone' ? 0 : 1)
  const byAge = (a: Resource, b: Resource) => a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1)
  const owners = new Map<string, string>()
  for (const generator of [...generators].sort((a, b) => rank(a) - rank(b) || byAge(a, b))) {
    const { template, selector } = JSON.parse(generator.spec)
    for (const { name, labels } of [...services].sort(byAge)) {
      const { team } = selector.meshService.matchLabels
      if (team !== undefined && team !== labels.team) continue
      const hostname = template.replace('{{ .Name }}', name).replace('{{ label "team" }}', labels.team)
      if (!owners.has(hostname)) owners.set(hostname, name)
    }
  }
  return owners
}

test('of services that come, change and go each has the hostnames that it has when all are named in turn', () => {
  const someSteps = fc.array(fc.tuple(someService, fc.nat(3)), { maxLength: 12 })
  fc.assert(
    fc.property(fc.uniqueArray(someGenerator, { selector: ({ name }) => name }), someSteps, (generators, steps) => {
      const services = new Map<string, Resource>()
      const index = new HostnameIndex('MeshService', 'zone-1', (name) => services.get(name))
      index.restart(generators, [])
      const had = new Map<string, string>()
      for (const [service, fate] of steps) {
        const before = services.get(service.name)
        if (fate === 0) services.delete(service.name)
        else services.set(service.name, service)
        const touched = index.change(before, services.get(service.name))
        const owners = ownersInTurn([...services.values()], generators)
        for (const one of services.values()) {
          const hostnames = index.of(one).addresses.map(({ hostname }) => hostname)
          const expected = [...owners].flatMap(([hostname, owner]) => (owner === one.name ? [hostname] : []))
          expect(new Set(hostnames)).toEqual(new Set(expected))
          const text = JSON.stringify(index.of(one))
          if (one.name !== service.name && had.get(one.name) !== text) expect(touched).toContain(one.name)
          had.set(one.name, text)
        }
      }
    }),
  )
})
