import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../src/model/json.js'
import { descriptorOf, RESOURCE_TYPES } from '../../../src/model/registry.js'
import { validateSpec, validateStored } from '../../../src/model/validation.js'
import { MESH, SERVICE, verdict } from './specs/verdict.js'

const timeout = (conf: JsonObject): Json => ({ to: [{ targetRef: MESH, default: { idleTimeout: '1s', ...conf } }] })
const breaker = (limits: JsonObject, detection: JsonObject = { detectors: { totalFailures: {} } }): Json => ({
  to: [{ targetRef: MESH, default: { connectionLimits: limits, outlierDetection: detection } }],
})

describe('what the schema says', () => {
  test.each([
    ['nothing', undefined, [': .spec in body is required']],
    ['null', null, [': spec in body must be of type object: "null"']],
    ['a list', [], [': spec in body must be of type object: "array"']],
    ['a wrong type', { to: 'x' }, ['spec.to: in body must be of type array: "string"']],
    ['null for a list', { to: null }, ['spec.to: in body must be of type array: "null"']],
    ['a missing field', { to: [{}] }, ['spec.to[0].targetRef: in body is required']],
    [
      'a word outside an enum',
      { targetRef: { kind: 'Pod' } },
      ['spec.targetRef.kind: in body should be one of [Mesh Dataplane]'],
    ],
    [
      'a number where a word of an enum should be',
      { targetRef: { kind: 7 } },
      [
        'spec.targetRef.kind: in body must be of type string: "number"',
        'spec.targetRef.kind: in body should be one of [Mesh Dataplane]',
      ],
    ],
    [
      'a label that is no text',
      { targetRef: { kind: 'Dataplane', labels: { a: 1 } } },
      ['spec.targetRef.labels.a: in body must be of type string: "number"'],
    ],
    [
      'a number for a duration',
      timeout({ idleTimeout: 5 }),
      ['spec.to[0].default.idleTimeout: in body must be of type string: "number"'],
    ],
  ])('%s', (_what, spec, lines) => {
    expect(verdict('MeshTimeout', spec)).toEqual(lines)
  })

  const limit = 'spec.to[0].default.connectionLimits.maxRetries'
  const panic = 'spec.to[0].default.outlierDetection.healthyPanicThreshold'
  test.each([
    ['text', breaker({ maxRetries: '3' }), [`${limit}: in body must be of type integer: "string"`]],
    ['an object', breaker({ maxRetries: {} }), [`${limit}: in body must be of type int32: ""`]],
    [
      'a fraction',
      breaker({ maxRetries: 1.5 }),
      [
        `: Checked value must be of type integer with format int32 in ${limit}`,
        `${limit}: in body must be of type int32: "float64"`,
      ],
    ],
    [
      'too large a number',
      breaker({ maxRetries: 5e9 }),
      [`: Checked value must be of type integer with format int32 in ${limit}`],
    ],
    [
      'an object for a number or text',
      breaker({}, { healthyPanicThreshold: {} }),
      [`: "${panic}" must validate at least one schema (anyOf)`, `${panic}: in body must be of type integer: "object"`],
    ],
    [
      'a fraction for a number or text',
      breaker({}, { healthyPanicThreshold: 1.5 }),
      [
        `: "${panic}" must validate at least one schema (anyOf)`,
        `: Checked value must be of type integer (default format) in ${panic}`,
        `${panic}: in body must be of type integer: "number"`,
      ],
    ],
  ])('%s where a number should be', (_what, spec, lines) => {
    expect(verdict('MeshCircuitBreaker', spec)).toEqual(lines)
  })

  test('bounds, lengths and patterns', () => {
    const rule = (matches: object[], filters: object[]) => ({ matches, default: { filters } })
    const redirect = { type: 'RequestRedirect', requestRedirect: { hostname: '', port: 0, statusCode: 300 } }
    const spec = {
      to: [
        { targetRef: SERVICE, rules: [rule([], [redirect]), rule([{ headers: [{ name: '' }, { name: 'A B' }] }], [])] },
      ],
    }
    const at = 'spec.to[0].rules'
    expect(verdict('MeshHTTPRoute', spec)).toEqual([
      `${at}[0].default.filters[0].requestRedirect.hostname: in body should be at least 1 chars long`,
      `${at}[0].default.filters[0].requestRedirect.port: in body should be greater than or equal to 1`,
      `${at}[0].default.filters[0].requestRedirect.statusCode: in body should be one of [301 302 303 307 308]`,
      `${at}[0].matches: in body should have at least 1 items`,
      `${at}[1].matches[0].headers[0].name: in body should be at least 1 chars long`,
      `${at}[1].matches[0].headers[1].name: in body should match '^[a-z0-9!#$%&'*+\\-.^_\\x60|~]+$'`,
    ])
    const heavy = {
      to: [{ targetRef: SERVICE, rules: [{ default: { backendRefs: [{ ...SERVICE, weight: 2 ** 32 }] } }] }],
    }
    expect(verdict('MeshTCPRoute', heavy)).toEqual([
      `${at}[0].default.backendRefs[0].weight: in body should be less than or equal to 4.294967295e+09`,
    ])
    expect(verdict('MeshTCPRoute', { to: [] })).toEqual(['spec.to: in body should have at least 1 items'])
  })

  test('a value that Go’s decoder refuses is said in its words, after the schema has nothing to say', () => {
    const undecodable = (spec: Json) => {
      const checked = validateSpec('MeshTimeout', spec)
      return checked.ok ? 'ok' : checked.undecodable
    }
    expect(undecodable(timeout({ idleTimeout: 'abc' }))).toBe('time: invalid duration "abc"')
    expect(undecodable(timeout({ idleTimeout: 'abc', connectionTimeout: 1 }))).toBeUndefined()
    expect(validateSpec('MeshCircuitBreaker', breaker({ maxRetries: -1 }))).toMatchObject({
      undecodable: expect.stringContaining('cannot unmarshal number -1'),
    })
  })
})

describe('what is stored', () => {
  test('unknown fields are dropped, defaults filled in, durations in Go’s form', () => {
    const spec = { to: [{ targetRef: MESH, from: 1, default: { connectionTimeout: '90m', x: {} } }], from: [] }
    expect(validateSpec('MeshTimeout', spec)).toEqual({
      ok: true,
      spec: { to: [{ targetRef: MESH, default: { connectionTimeout: '1h30m0s' } }] },
    })
    expect(validateSpec('MeshExternalService', { match: { port: 80 }, tls: { version: {} } })).toEqual({
      ok: true,
      spec: {
        match: { type: 'HostnameGenerator', port: 80, protocol: 'tcp' },
        tls: { enabled: false, allowRenegotiation: false, version: { min: 'TLSAuto', max: 'TLSAuto' } },
      },
    })
    expect(validateSpec('MeshService', { ports: [{ port: 80 }] })).toEqual({
      ok: true,
      spec: { selector: {}, ports: [{ port: 80, appProtocol: 'tcp' }], state: 'Unavailable' },
    })
    expect(validateSpec('Workload', { any: 1 })).toEqual({ ok: true, spec: {} })
  })

  test('free-form JSON stays as it came', () => {
    const spec = { provider: { type: 'Extension', extension: { name: 'acme', config: { a: [1, { b: null }] } } } }
    expect(validateSpec('MeshIdentity', spec)).toEqual({ ok: true, spec })
  })

  test('a received copy may hold more than we know', () => {
    expect(validateStored('MeshTimeout', timeout({ inventedLater: true }))).toEqual([])
    expect(validateStored('MeshTimeout', {})).toEqual([
      { field: 'spec', reason: "at least one of 'to' or 'rules' has to be defined" },
    ])
  })

  test('every plugin type has rules; protobuf types are taken as decoded', () => {
    for (const type of RESOURCE_TYPES) {
      const refused = verdict(type, undefined).includes(': .spec in body is required')
      expect(refused, type).toBe(descriptorOf(type).spec === 'json')
    }
    expect(validateSpec('Mesh', { skipCreatingInitialPolicies: ['*'] })).toMatchObject({ ok: true })
  })
})
