import { describe, expect, test } from 'vitest'
import { isCidr, isDnsName, isIpAddress } from '../../../src/model/dns-names.js'
import { checkDisplayName, checkName, labelKeyFaults, labelValueFaults } from '../../../src/model/names.js'

const SUBDOMAIN = /^invalid characters\. A lowercase RFC 1123 subdomain/

describe('names of resources', () => {
  test.each([['a'], ['backend-1'], ['a.b-c.d'], ['0'], ['a'.repeat(253)]])('%s may be a name', (name) => {
    expect(checkName('MeshTimeout', name, 'default')).toEqual([])
  })

  test.each([
    ['Bad_Name', SUBDOMAIN],
    ['a..b', SUBDOMAIN],
    ['-a', SUBDOMAIN],
    ['a_b', SUBDOMAIN],
    ['', /^cannot be empty$/],
    ['a'.repeat(254), /^value length must less or equal 253$/],
  ])('%j may not', (name, reason) => {
    expect(checkName('MeshTimeout', name, 'default')).toEqual([
      { field: 'name', reason: expect.stringMatching(reason) },
    ])
  })

  test('a mesh name of old may have underscores; global-scoped types have no mesh', () => {
    expect(checkName('MeshTimeout', 'a', 'old_mesh')).toEqual([])
    expect(checkName('MeshTimeout', 'a', 'Mesh')).toEqual([
      { field: 'mesh', reason: expect.stringContaining("lowercase latin letters and '-', '_', '.' symbols") },
    ])
    expect(checkName('MeshTimeout', 'a', undefined)).toEqual([{ field: 'mesh', reason: 'cannot be empty' }])
    expect(checkName('Zone', 'a', undefined)).toEqual([])
  })

  test.each(['Mesh', 'Zone', 'MeshService', 'MeshExternalService', 'MeshMultiZoneService'] as const)(
    'a %s shows a name that is one DNS label, letter first',
    (type) => {
      expect(checkDisplayName(type, { name: 'a-1', labels: {} })).toEqual([])
      for (const name of ['1bad', 'a.b']) {
        expect(checkDisplayName(type, { name, labels: {} })).toEqual([
          { field: 'name', reason: expect.stringMatching(/^a DNS-1035 label must consist of .*'\)$/) },
        ])
      }
      const hashed = { name: 'x'.repeat(200), labels: { 'kuma.io/display-name': 'shown' } }
      expect(checkDisplayName(type, hashed)).toEqual([])
    },
  )

  test('other types show any name; a workload one of at most 253 bytes', () => {
    expect(checkDisplayName('MeshTimeout', { name: '1.b', labels: {} })).toEqual([])
    expect(checkDisplayName('Workload', { name: 'w'.repeat(254), labels: {} })).toEqual([
      { field: 'name', reason: 'must not be longer than 253 characters' },
    ])
  })
})

describe('labels as Kubernetes has them', () => {
  test.each([['a'], ['A_b.c-1'], ['kuma.io/origin'], ['k'.repeat(63)]])('%s may be a key', (key) => {
    expect(labelKeyFaults(key)).toEqual([])
  })

  test.each([
    ['a b', ['name part must consist of']],
    ['a/b/c', ['a valid label key must consist of']],
    ['/b', ['prefix part must be non-empty']],
    ['A_/b', ['prefix part a lowercase RFC 1123 subdomain']],
    ['a/', ['name part must be non-empty', 'name part must consist of']],
    ['k'.repeat(64), ['name part must be no more than 63 bytes']],
  ])('%s may not', (key, reasons) => {
    expect(labelKeyFaults(key)).toEqual(reasons.map((reason) => expect.stringContaining(reason)))
  })

  test('a value is empty or like a name', () => {
    expect(labelValueFaults('')).toEqual([])
    expect(labelValueFaults('1_a.B')).toEqual([])
    expect(labelValueFaults('-a')).toEqual([expect.stringContaining('a valid label must be an empty string')])
    expect(labelValueFaults('v'.repeat(64))).toEqual(['must be no more than 63 bytes'])
  })
})

test('addresses are told from names as Go tells them', () => {
  expect(['10.0.0.1', '::1', 'fe80::1%eth0', '01.2.3.4', 'a'].map(isIpAddress)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
  expect(['a', 'A_b.c', 'a.', '10.0.0.1', '-a', 'a..b', ''].map(isDnsName)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ])
  expect(['10.0.0.0/8', '::/0', '10.0.0.0/33', '10.0.0.0', 'a/8', '1.2.3.4/8/8'].map(isCidr)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})
