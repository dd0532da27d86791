import { AppError } from '../../base/errors.js'
import { CASES } from '../../conformance/cases/catalogue.js'
import { AREAS, LEVELS, PROFILES, type Profile, SAFETIES, type Safety } from '../../conformance/matrix.js'
import type { Selection } from '../../conformance/plan.js'
import type { Behaviours } from '../../conformance/result.js'
import type { Input } from '../command.js'
import { BEHAVIOURS } from './flags.js'

/** Throws `invalid-argument` for a word that selects nothing. */
export function selectionOf(input: Input, intrusiveIsFine: boolean): Selection {
  const cases = input.texts('case')
  for (const word of cases) {
    if (!AREAS.some((area) => area === word) && !CASES.some(({ id }) => id.startsWith(word))) {
      throw new AppError('invalid-argument', `--case ${word}: there is no such case; zonelab conformance list has all`)
    }
  }
  const profiles = wordsOf(input, 'profile', PROFILES)
  return {
    profiles: profiles.length > 0 ? profiles : ['zone-jwt'],
    cases,
    levels: wordsOf(input, 'level', LEVELS),
    safeties: safetiesOf(input, intrusiveIsFine),
  }
}

const PLATFORM_PROFILES: ReadonlySet<Profile> = new Set(['konnect-sat', 'kds-multitenant'])

/** Whether the profiles are of zones that a platform admits. Throws `invalid-argument` for those of both kinds of target. */
export function needsPlatform(profiles: readonly Profile[]): boolean {
  const through = profiles.filter((profile) => PLATFORM_PROFILES.has(profile))
  if (through.length === 0 || through.length === profiles.length) return through.length > 0
  const text = `--profile ${through.join(', ')} is judged through a platform, and the others are not; run them one after another`
  throw new AppError('invalid-argument', text)
}

export function behavioursOf(input: Input): Behaviours {
  const words = wordsOf(input, 'behaviour', BEHAVIOURS)
  return {
    answers: input.switch('strict') || words.includes('zonelab') ? 'zonelab' : 'kuma-or-zonelab',
    openStream: words.includes('open-stream=strict') ? 'strict' : 'parity',
  }
}

function safetiesOf(input: Input, intrusiveIsFine: boolean): readonly Safety[] {
  if (input.switch('safe')) return ['safe']
  return SAFETIES.filter((safety) => safety !== 'intrusive' || intrusiveIsFine || input.switch('intrusive'))
}

function wordsOf<const W extends string>(input: Input, flag: string, words: readonly W[]): readonly W[] {
  return input.texts(flag).map((text) => {
    const word = words.find((candidate) => candidate === text)
    if (word === undefined) throw new AppError('invalid-argument', `--${flag} ${text}: use one of ${words.join(', ')}`)
    return word
  })
}
