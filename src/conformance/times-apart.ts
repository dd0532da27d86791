/** How far two samples of times are from being of one kind. */
export interface TimesApart {
  /** Of the rank sum (Mann and Whitney): how many standard deviations it is from what chance makes of one kind. */
  readonly z: number
  /** Between the medians. */
  readonly apartMs: number
}

/**
 * By ranks, so that the long tails of a busy machine weigh no more than any other time. Both samples have to be taken in turns:
 * then what the machine does is done to both.
 */
export function timesApart(a: readonly number[], b: readonly number[]): TimesApart {
  const all = [...a.map((ms) => ({ ms, isA: true })), ...b.map((ms) => ({ ms, isA: false }))]
  all.sort((one, other) => one.ms - other.ms)
  let ranksOfA = 0
  for (let from = 0; from < all.length; ) {
    let to = from
    while (to < all.length && all[to]?.ms === all[from]?.ms) to += 1
    // Equal times share the mean of their ranks.
    const rank = (from + 1 + to) / 2
    ranksOfA += rank * all.slice(from, to).filter(({ isA }) => isA).length
    from = to
  }
  const [n, m] = [a.length, b.length]
  const mean = (n * (n + m + 1)) / 2
  const deviation = Math.sqrt((n * m * (n + m + 1)) / 12)
  return { z: deviation === 0 ? 0 : (ranksOfA - mean) / deviation, apartMs: Math.abs(median(a) - median(b)) }
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0
}
