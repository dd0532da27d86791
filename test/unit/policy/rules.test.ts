import { expect, test } from 'vitest'
import type { Json } from '../../../src/model/json.js'
import { catchAllConf, inboundRules } from '../../../src/policy/inbound-rules.js'
import { PolicyMatcher } from '../../../src/policy/matched-policies.js'
import { ownToRule, toEntriesOf, toRule } from '../../../src/policy/to-rules.js'
import { stored } from '../../support/stored-resource.js'

const labels = { 'kuma.io/display-name': 'backend', team: 'a' }
const backend = stored('MeshService', 'backend', {
  labels,
  spec: { ports: [{ name: 'http', port: 80 }, { port: 81 }] },
})
const database = stored('MeshService', 'database', { labels: { 'kuma.io/display-name': 'database' } })
const route = stored('MeshHTTPRoute', 'route', { labels: { 'kuma.io/display-name': 'route' } })
const at = (resource: typeof backend, section = '') => ({ resource, section })
const to = (targetRef: Json, conf: Json) => ({ targetRef, default: conf })
const service = (sectionName?: string) => ({
  kind: 'MeshService',
  labels: { 'kuma.io/display-name': 'backend' },
  ...(sectionName && { sectionName }),
})
const timeout = (name: string, ...items: Json[]) => stored('MeshTimeout', name, { spec: { to: items } })

const entries = toEntriesOf([
  timeout('mesh-wide', to({ kind: 'Mesh' }, { idle: 'mesh', mesh: true })),
  timeout('for-service', to(service(), { idle: 'service', service: true }), to(service('http'), { idle: 'port' })),
  timeout('for-team', to({ kind: 'MeshService', labels: { team: 'a' } }, { team: true })),
  timeout('for-route', to({ kind: 'MeshHTTPRoute', labels: { 'kuma.io/display-name': 'route' } }, { idle: 'route' })),
  timeout('unlabelled', to({ kind: 'MeshService' }, { idle: 'never' })),
])
const conf = (...destination: Parameters<typeof at>) => toRule(entries, at(...destination))?.conf

test('a port takes what is said of the mesh, its service and itself', () => {
  expect(conf(backend, 'http')).toEqual({ idle: 'port', mesh: true, service: true, team: true })
})

test('a port of which nothing is said takes what is said of its service', () => {
  expect(conf(backend, '81')).toEqual({ idle: 'service', mesh: true, service: true, team: true })
})

test('a service of which nothing is said takes what is said of the mesh, which is not its own', () => {
  expect(conf(database, 'sql')).toEqual({ idle: 'mesh', mesh: true })
  expect(ownToRule(entries, at(database, 'sql'))).toBeUndefined()
})

test('a route takes what is said of the mesh and itself, nothing of its service', () => {
  expect(ownToRule(entries, at(route))?.conf).toEqual({ idle: 'route', mesh: true })
})

test('origins name policy and item, weakest first, each once', () => {
  const origins = toRule(entries, at(backend, 'http'))?.origins.map(({ policy, index }) => `${policy.name}${index}`)
  expect(origins).toEqual(['mesh-wide0', 'for-team0', 'for-service0', 'for-service1'])
})

test('equal questions get the same object', () => {
  expect(toRule(entries, at(backend, 'http'))).toBe(toRule(entries, at(backend, 'http')))
})

test('a MeshTCPRoute without rules leads to its own destination', () => {
  const tcp = toEntriesOf([stored('MeshTCPRoute', 'r', { spec: { to: [{ targetRef: service() }] } })])
  expect(toRule(tcp, at(backend))?.conf).toEqual({ default: { backendRefs: [{ ...service(), weight: 1 }] } })
})

test('inbound rules stand from the most to the least specific match; only those without one are for all', () => {
  const spiffe = (type: string) => ({ spiffeID: { type, value: 'spiffe://x' } })
  const sni = { sni: { type: 'Exact', value: 'x' } }
  const policies = [
    stored('MeshTimeout', 'b', {
      spec: { rules: [{ default: { idle: 'b', b: 1 } }, { matches: [sni, spiffe('Prefix')], default: { n: 1 } }] },
    }),
    stored('MeshTimeout', 'a', {
      spec: {
        rules: [
          { default: { idle: 'a' } },
          { matches: [{ ...spiffe('Exact'), ...sni }, spiffe('Exact')], default: { n: 2 } },
        ],
      },
    }),
  ]
  const rules = inboundRules(policies)
  expect(rules.map(({ match }) => match)).toEqual([
    { ...spiffe('Exact'), ...sni },
    spiffe('Exact'),
    spiffe('Prefix'),
    sni,
    undefined,
    undefined,
  ])
  expect(catchAllConf(rules)).toEqual({ idle: 'a', b: 1 })
  expect(catchAllConf(rules.slice(0, 4))).toBeUndefined()
})

test('proxies that the same policies select share entries and rules; a shadow policy selects none', () => {
  const policies = [
    stored('MeshTimeout', 'all', { spec: { to: [to({ kind: 'Mesh' }, {})], rules: [{ default: {} }] } }),
    stored('MeshTimeout', 'shadow', { labels: { 'kuma.io/effect': 'shadow' }, spec: { rules: [{ default: {} }] } }),
  ]
  const matcher = new PolicyMatcher('MeshTimeout', policies)
  const dataplane = (name: string) =>
    stored('Dataplane', name, { spec: { networking: { address: '10.0.0.1', inbound: [{ port: 80 }] } } })
  const [one, other] = [matcher.match(dataplane('one')), matcher.match(dataplane('other'))]
  expect(one.policies.map(({ name }) => name)).toEqual(['all'])
  expect(one.to).toBe(other.to)
  expect(one.inbound.get('80')).toBe(other.inbound.get('80'))
})
