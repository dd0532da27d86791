import type { Answer } from '../answer.js'
import type { Bench } from '../bench.js'
import type { CallDraft, Field } from '../call-draft.js'
import type { Case, Variant } from '../case.js'
import { commandFor } from '../command-for.js'
import type { Door } from '../door.js'
import type { Area, Basis, CaseId, Level, Need, Profile, Safety } from '../matrix.js'
import type { Stage } from '../stage.js'
import type { ZoneStage } from '../zone-client/zone-stage.js'

/** What holds of a token whatever it opens: the same calls at every door that a JWT opens. */
export const EVERY_JWT: readonly Profile[] = ['zone-jwt', 'user-token', 'dataplane-token']

/** Short names for what rows expect, as auth.md §4.1 has them. */
export const OK: readonly Answer[] = ['OK']
export const U: readonly Answer[] = ['UNAUTHENTICATED']
export const PD: readonly Answer[] = ['PERMISSION_DENIED']
export const IA: readonly Answer[] = ['INVALID_ARGUMENT']
export const RE: readonly Answer[] = ['RESOURCE_EXHAUSTED']
export const U_OR_RE: readonly Answer[] = ['UNAUTHENTICATED', 'RESOURCE_EXHAUSTED']
/** What cannot be in a header at all may be refused by HTTP/2 before gRPC sees it. */
export const U_OR_CONNECTION: readonly Answer[] = ['UNAUTHENTICATED', 'CONNECTION']

export interface Facts {
  readonly basis: Basis
  readonly norm: string
  /** Default: MUST. */
  readonly level?: Level
  readonly delta?: Case['delta']
  /** Default: those that calls of the area are made in; a scenario's is `zone-jwt`, a zone's `zone-client`. */
  readonly profiles?: readonly Profile[]
  /** Default: `safe`. */
  readonly safety?: Safety
  /** Default: `wire`. */
  readonly needs?: readonly Need[]
  /** Default: all of the profile. */
  readonly doors?: readonly Door[]
}

/** Makes the rows of one area; rows are numbered as in the matrix. */
export function rowsOf(area: Area, callProfiles: readonly Profile[] = ['zone-jwt']) {
  const describe = (number: number, title: string, facts: Facts): Omit<Case, 'procedure'> => {
    const id: CaseId = `ZT-${String(number).padStart(3, '0')}`
    return {
      id,
      area,
      title,
      level: facts.level ?? 'MUST',
      basis: facts.basis,
      norm: facts.norm,
      ...(facts.delta && { delta: facts.delta }),
      profiles: facts.profiles ?? ['zone-jwt'],
      safety: facts.safety ?? 'safe',
      needs: facts.needs ?? ['wire'],
      reproduce: commandFor(id, (facts.profiles ?? ['zone-jwt']).slice(0, 1)),
    }
  }
  return {
    calls(number: number, title: string, facts: Facts, variants: readonly Variant[]): Case {
      const doors = facts.doors && { doors: facts.doors }
      const described = describe(number, title, { profiles: callProfiles, ...facts })
      return { ...described, procedure: { kind: 'calls', variants, ...doors } }
    },
    zone(number: number, title: string, facts: Facts, run: (stage: ZoneStage) => Promise<void>): Case {
      const described = describe(number, title, { profiles: ['zone-client'], needs: ['client'], ...facts })
      return { ...described, procedure: { kind: 'zone', run } }
    },
    scenario(number: number, title: string, facts: Facts, run: (stage: Stage) => Promise<void>): Case {
      return { ...describe(number, title, facts), procedure: { kind: 'scenario', run } }
    },
  }
}

type Made<T> = T | Promise<T>

/** A call whose `authorization` is this. */
export function credential(
  name: string,
  expect: readonly Answer[],
  make: (bench: Bench) => Made<string | Buffer | undefined>,
  kuma?: readonly Answer[],
): Variant {
  return call(name, expect, async (bench) => bench.fields(await make(bench)), kuma)
}

/** A call with this metadata. */
export function call(
  name: string,
  expect: readonly Answer[],
  make: (bench: Bench) => Made<readonly Field[]>,
  kuma?: readonly Answer[],
): Variant {
  return draft(name, expect, async (bench) => ({ fields: await make(bench) }), kuma)
}

export function draft(
  name: string,
  expect: readonly Answer[],
  plan: (bench: Bench) => Made<CallDraft>,
  kuma?: readonly Answer[],
): Variant {
  return { name, expect, plan, ...(kuma && { kuma }) }
}
