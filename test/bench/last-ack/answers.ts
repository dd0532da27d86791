import { type Size, until } from '../propagation/tiers.js'

const ANSWERED_WITHIN_MS = 30_000

/** Ms from when a change was due to each sidecar's answer, sorted. Throws when one is missing. */
export async function allAnswers(
  { zones, sidecars }: Size,
  dueMs: number,
  take: () => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const answers: number[] = []
  await until(
    'every sidecar has answered',
    async () => {
      for (const atMs of await take()) answers.push(atMs - dueMs)
      return answers.length >= zones * sidecars
    },
    ANSWERED_WITHIN_MS,
  )
  return answers.sort((a, b) => a - b)
}
