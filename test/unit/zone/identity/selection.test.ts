import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/model/json.js'
import { bestIdentity, isPartiallyReady, isReady } from '../../../../src/zone/identity/selection.js'
import { stored } from '../../../support/stored-resource.js'

const LABELS = { app: 'shop', tier: 'web', env: 'prod' }

function selecting(name: string, selector: Json | undefined) {
  return stored('MeshIdentity', name, { spec: selector === undefined ? {} : { selector } })
}

const everyone = selecting('everyone', { dataplane: { matchLabels: {} } })
const byApp = selecting('by-app', { dataplane: { matchLabels: { app: 'shop' } } })
const byTier = selecting('by-tier', { dataplane: { matchLabels: { tier: 'web' } } })
const byBoth = selecting('z-by-both', { dataplane: { matchLabels: { app: 'shop', tier: 'web' } } })
const others = selecting('others', { dataplane: { matchLabels: { app: 'shop', tier: 'web', env: 'test' } } })

describe('the MeshIdentity of a dataplane', () => {
  test.each([
    ['is the one with the most labels', [everyone, byApp, byBoth], 'z-by-both'],
    ['is the first by name among equals', [byTier, byApp], 'by-app'],
    ['may be the one for everyone', [everyone, others], 'everyone'],
    ['may be one with an empty selector for dataplanes', [selecting('empty', { dataplane: {} })], 'empty'],
    ['is none that selects others', [others], undefined],
    ['is none that has no selector', [selecting('none', undefined), selecting('null', {})], undefined],
  ])('%s', (_name, identities, expected) => {
    expect(bestIdentity(LABELS, identities)?.name).toBe(expected)
  })
})

describe('readiness', () => {
  const conditions = (status: string, reason: string) =>
    stored('MeshIdentity', 'one', { status: { conditions: [{ type: 'Ready', status, reason, message: '' }] } })
  test.each([
    ['a status that says so', conditions('True', 'Ready'), true, false],
    ['a failure', conditions('False', 'Failure'), false, false],
    ['names without certificates', conditions('False', 'PartiallyReady'), false, true],
    ['no status yet', stored('MeshIdentity', 'one'), false, false],
  ])('%s', (_name, identity, ready, partially) => {
    expect([isReady(identity), isPartiallyReady(identity)]).toEqual([ready, partially])
  })
})
