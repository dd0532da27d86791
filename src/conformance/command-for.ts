import type { CaseId, Profile } from './matrix.js'

/** What to type to run one case alone; without flags that name a target it is against a throw-away one. */
export function commandFor(id: CaseId, profiles: readonly Profile[], target: readonly string[] = []): string {
  const flags = profiles.includes('zone-jwt') ? [] : profiles.map((profile) => `--profile ${profile}`)
  return ['zonelab conformance run', ...flags, `--case ${id}`, ...target].join(' ')
}
