import { systemClock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { FromCrew, ToCrew } from './crew-channel.js'
import { ZoneCrew } from './zone-crew.js'
import { makeMember } from './zone-member.js'

/** A process of simulated zones: does what its parent asks, and ends with it. */
const crew = new ZoneCrew(systemClock, makeMember)

process.title = 'zonelab load'
// Ctrl-C reaches every process of the terminal; the parent hangs up in order.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit())
process.on('message', async ({ id, method, args }: ToCrew) => {
  const ask = crew[method] as (...args: unknown[]) => Promise<unknown>
  let answer: FromCrew
  try {
    answer = { id, value: await ask.apply(crew, [...args]) }
  } catch (thrown) {
    const { code, message } = AppError.from(thrown)
    answer = { id, failure: { code, message } }
  }
  process.send?.(answer)
})
