import { AppError } from '../base/errors.js'
import type { TargetApi } from './target-api.js'
import { openSessions } from './zone-sessions.js'

/** Whether a zone that the suite did not make up may be used: its stream would end the one of the real zone. */
export async function ensureZoneIsFree(api: TargetApi | undefined, zone: string): Promise<void> {
  const say = (why: string) =>
    new AppError('guard-rail', `zone ${zone} ${why}; a run acts as this zone. --zone-is-mine goes on all the same`)
  if (api === undefined) throw say('may be online, and without --api that cannot be read')
  let open: number
  try {
    open = await openSessions(api, zone)
  } catch (thrown) {
    throw say(`may be online: ${AppError.from(thrown).message}`)
  }
  if (open > 0) throw say('is online')
}
