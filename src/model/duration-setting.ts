import type { Setting } from '../base/settings.js'
import { parseDurationMs } from './duration.js'

/** A length of time, stated as Go does (`10s`, `1h30m`); the value is milliseconds, from 0 to a year. */
export function duration(row: Omit<Setting<number>, 'parse'>): Setting<number> {
  return {
    ...row,
    parse(text) {
      const ms = parseDurationMs(text)
      if (ms < 0 || ms > YEAR_MS) throw new Error('expected a time from 0s to 8760h, such as 10s or 1h30m')
      return ms
    },
  }
}

const YEAR_MS = 8_760 * 3_600_000
