/** Resolves when the signal aborts; never rejects. */
export function interrupted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

/** What `work` comes to; throws the exit code of the interruption when that comes first, and leaves the work to itself. */
export async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const outcome = await Promise.race([work.then((value) => ({ value })), interrupted(signal)])
  if (outcome === undefined) throw signal.reason
  return outcome.value
}
