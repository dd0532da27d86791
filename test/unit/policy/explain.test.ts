import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../src/model/json.js'
import type { ResourceType } from '../../../src/model/registry.js'
import type { Resource } from '../../../src/model/resource.js'
import { DestinationIndex } from '../../../src/policy/destinations.js'
import { explainPolicies } from '../../../src/policy/explain.js'
import { stored } from '../../support/stored-resource.js'

const web = stored('Dataplane', 'web', {
  labels: { app: 'web' },
  spec: {
    networking: {
      address: '10.0.0.1',
      inbound: [{ port: 80, name: 'http' }],
      outbound: [
        { port: 1, backendRef: { kind: 'MeshService', name: 'backend', port: 80 } },
        { port: 2, backendRef: { kind: 'MeshService', name: 'database', port: 5432 } },
      ],
    },
  },
})
const destinations = new DestinationIndex()
const service = (name: string, port: number, appProtocol: string) =>
  stored('MeshService', name, {
    labels: { 'kuma.io/display-name': name },
    spec: { ports: [{ name: 'p', port, appProtocol }] },
  })
destinations.put(service('backend', 80, 'http'))
destinations.put(service('database', 5432, 'tcp'))
const BACKEND = 'kri_msvc_default___backend_p'
const DATABASE = 'kri_msvc_default___database_p'

const policy = (type: ResourceType, name: string, spec: Json) => stored(type, name, { spec })
const toMesh = (conf: Json) => ({ to: [{ targetRef: { kind: 'Mesh' }, default: conf }] })
const toService = (name: string, item: object) => ({
  to: [{ targetRef: { kind: 'MeshService', labels: { 'kuma.io/display-name': name } }, ...item }],
})
function effects(policies: readonly Resource[], hasIdentity = false) {
  const explained = explainPolicies({ dataplane: web, policies, destinations, hasIdentity })
  return explained.map(({ holds, reasons }) => ({ holds, reasons }))
}

test('a policy for all traffic holds at every outbound and inbound', () => {
  const all = policy('MeshCircuitBreaker', 'all', { ...toMesh({ a: 1 }), rules: [{ default: {} }] })
  expect(effects([all])).toEqual([{ holds: ['inbound http', BACKEND, DATABASE], reasons: [] }])
})

test('a policy for other proxies says what this one lacks', () => {
  const other = policy('MeshTimeout', 'other', {
    targetRef: { kind: 'Dataplane', labels: { app: 'db' } },
    ...toMesh({}),
  })
  expect(effects([other])).toEqual([{ holds: [], reasons: ['the dataplane has no label app: db'] }])
})

test('a policy for a destination that the proxy does not use says so', () => {
  const far = policy('MeshTimeout', 'far', toService('far', { default: { a: 1 } }))
  expect(effects([far])).toEqual([
    { holds: [], reasons: ['the proxy has no outbound to MeshService kuma.io/display-name=far'] },
  ])
})

test('a policy of which stronger ones leave nothing names them', () => {
  const weak = policy('MeshTimeout', 'weak', toMesh({ idle: 1 }))
  const strong = policy('MeshTimeout', 'strong', toService('backend', { default: { idle: 2 } }))
  expect(effects([weak, strong])).toEqual([
    { holds: [DATABASE], reasons: [`${BACKEND}: overridden by strong`] },
    { holds: [BACKEND], reasons: [] },
  ])
})

test('a policy that sets nothing is overridden by nobody', () => {
  expect(effects([policy('MeshTimeout', 'empty', toService('backend', { default: {} }))])).toEqual([
    { holds: [BACKEND], reasons: [] },
  ])
})

test('retries for another protocol hold nowhere', () => {
  const retry = policy('MeshRetry', 'retry', toMesh({ grpc: { numRetries: 1 } }))
  expect(effects([retry])[0]?.reasons).toEqual([
    `${BACKEND}: it has no http part, and the port speaks http`,
    `${DATABASE}: it has no tcp part, and the port speaks tcp`,
  ])
})

test('a MeshTCPRoute gives way to a MeshHTTPRoute where there is one', () => {
  const tcp = policy('MeshTCPRoute', 'tcp', toService('backend', { rules: [] }))
  const http = policy('MeshHTTPRoute', 'http', toService('backend', { rules: [] }))
  expect(effects([tcp])[0]?.holds).toEqual([BACKEND])
  expect(effects([tcp, http])[0]?.reasons).toEqual([`${BACKEND}: a MeshHTTPRoute leads the HTTP traffic there`])
})

test('what needs the mesh TLS says that there is none', () => {
  const tls = policy('MeshTLS', 'tls', { rules: [{ default: { mode: 'Strict' } }] })
  const permission = policy('MeshTrafficPermission', 'mtp', { rules: [{ default: {} }] })
  const none = { holds: [], reasons: ['no MeshIdentity gives the proxy a certificate'] }
  expect(effects([tls, permission])).toEqual([none, none])
  expect(effects([tls], true)).toEqual([{ holds: ['inbound http'], reasons: [] }])
})

test('a kind that is only kept and synced says so, and so do rules with matches', () => {
  const trace = policy('MeshTrace', 'trace', { default: {} })
  const matched = policy('MeshTimeout', 'matched', { rules: [{ matches: [{ sni: { type: 'Exact', value: 'x' } }] }] })
  expect(effects([trace, matched]).map(({ reasons }) => reasons)).toEqual([
    ['zonelab does not turn MeshTrace into Envoy configuration'],
    ['rules with matches are not turned into Envoy configuration'],
  ])
})

test('what a MeshTLS says beside its mode is named as taking no effect', () => {
  const rules = (conf: JsonObject) => ({ rules: [{ default: conf }] })
  const reasons = ['tlsVersion', 'tlsCiphers'].map((field) => `zonelab does not turn ${field} into Envoy configuration`)
  const ignored = { tlsVersion: { min: 'TLS13' }, tlsCiphers: ['ECDHE-RSA-AES128-GCM-SHA256'] }
  const both = policy('MeshTLS', 'both', rules({ mode: 'Strict', ...ignored }))
  const none = policy('MeshTLS', 'none', rules(ignored))
  const mode = policy('MeshTLS', 'mode', rules({ mode: 'Strict' }))
  expect(effects([both, none, mode], true)).toEqual([
    { holds: ['inbound http'], reasons },
    { holds: [], reasons },
    { holds: ['inbound http'], reasons: [] },
  ])
})
