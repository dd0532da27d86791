import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/model/json.js'
import type { ResourceType } from '../../../../src/model/registry.js'
import { validateSpec } from '../../../../src/model/validation.js'

/** What the rules say of a spec, one line a violation: `field: reason`. Empty when it is accepted. */
export function verdict(type: ResourceType, spec: unknown): readonly string[] {
  const checked = validateSpec(type, spec as Json | undefined)
  return checked.ok ? [] : checked.violations.map(({ field, reason }) => `${field}: ${reason}`)
}

/** A row of a table: what it is about, the spec, and the lines expected. */
export type Case = readonly [what: string, spec: unknown, lines: readonly string[]]

export function table(type: ResourceType, cases: readonly Case[]): void {
  describe(type, () => {
    test.each(cases)('%s', (_what, spec, lines) => {
      expect(verdict(type, spec)).toEqual(lines)
    })
  })
}

export const SERVICE = { kind: 'MeshService', labels: { 'kuma.io/display-name': 'redis' } } as const
export const MESH = { kind: 'Mesh' } as const
export const PROXY = { kind: 'Dataplane', labels: { app: 'web' } } as const
