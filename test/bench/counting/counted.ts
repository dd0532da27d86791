/** Flags of a process whose work is counted (`work.ts`). It is slow, so nothing is timed in it. */
export const COUNTED = ['--no-opt', '--no-maglev', '--import', new URL('start.js', import.meta.url).href] as const
