/** Whether a zone that is refused lets its global breathe, judged from when it came. Machines are busy: both rules are generous. */

/** So many within so long is no waiting at all: Kuma waits 5 s at first, we half a second. */
const HOT_ATTEMPTS = 8
const HOT_WITHIN_MS = 5_000
/** What the last two waits have to be of the shorter of the first two; Kuma and we double, and spread by up to a half. */
const GROWTH = 1.5
/** Shorter ones are the time that an attempt takes. */
const WAIT_MIN_MS = 1_000
const WAITS_MIN = 3

/** It came so often in so short a time that it cannot have waited. */
export function isHotLoop(attemptsMs: readonly number[]): boolean {
  return attemptsMs.some((atMs, index) => {
    const last = attemptsMs[index + HOT_ATTEMPTS - 1]
    return last !== undefined && last - atMs < HOT_WITHIN_MS
  })
}

/** Each wait is longer than those before, on the whole. False too while there are not enough of them. */
export function waitsGrow(attemptsMs: readonly number[]): boolean {
  const waits = waitsOf(attemptsMs)
  if (waits.length < WAITS_MIN) return false
  return Math.min(...waits.slice(-2)) >= Math.max(WAIT_MIN_MS, GROWTH * Math.min(...waits.slice(0, 2)))
}

export function waitsText(attemptsMs: readonly number[]): string {
  const waits = waitsOf(attemptsMs).map((wait) => `${(wait / 1_000).toFixed(1)} s`)
  return waits.length === 0 ? 'it did not come again' : `it waited ${waits.slice(0, 12).join(', ')}`
}

function waitsOf(attemptsMs: readonly number[]): readonly number[] {
  return attemptsMs.slice(1).map((atMs, index) => atMs - (attemptsMs[index] as number))
}
