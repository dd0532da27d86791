import { type Size, until } from '../propagation/tiers.js'

const ANSWERED_WITHIN_MS = 30_000

/** Ms from when a change was due to each sidecar's answer, sorted. Throws when one is missing. */
export async function allAnswers(
  { zones, sidecars }: Size,
  dueMs: number,
  take: () => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const answers: number[] = []
  const all = zones * sidecars
  await until(async () => {
    for (const atMs of await take()) answers.push(atMs - dueMs)
    return answers.length >= all ? undefined : `${answers.length} of ${all} sidecars have answered`
  }, ANSWERED_WITHIN_MS)
  return answers.sort((a, b) => a - b)
}
