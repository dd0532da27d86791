/** As many requests at a time as a client of good manners makes. */
const AT_A_TIME = 16

/** Runs jobs, some at a time; throws the first failure, and begins none after it or after an abort. */
export async function inParallel(jobs: readonly (() => Promise<unknown>)[], signal?: AbortSignal): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < jobs.length && !signal?.aborted) {
      const job = jobs[next]
      next += 1
      try {
        await job?.()
      } catch (thrown) {
        next = jobs.length
        throw thrown
      }
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, lane))
}
