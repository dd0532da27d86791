import { AppError } from '../base/errors.js'
import { labPaths } from '../lab/paths.js'
import { EXIT } from './exit-codes.js'
import { interrupted } from './interrupted.js'
import type { Io } from './io.js'
import { type FromSupervisor, type LabContext, startHere, type ToSupervisor } from './start-lab.js'
import { StartReport } from './start-report.js'

/** What `up --detach` leaves behind: it gets the lab's specification over its channel, and ends with the lab. */
export async function supervise(context: LabContext): Promise<number> {
  const tell = (message: FromSupervisor) => {
    if (process.connected) process.send?.(message)
  }
  const { lab: name, spec } = await new Promise<ToSupervisor>((resolve) => process.once('message', resolve))
  process.title = 'zonelab supervisor'
  const report = new ChannelReport(context.io, context.clock, tell)
  try {
    const lab = await startHere(labPaths(name, context.env), spec, context, report)
    tell({ kind: 'ready' })
    await Promise.race([lab.down, interrupted(context.signal)])
    await lab.stop()
    return context.signal.aborted ? (context.signal.reason as number) : EXIT.ok
  } catch (thrown) {
    const { code, message } = AppError.from(thrown)
    tell({ kind: 'failed', code, message })
    return EXIT.error
  }
}

/** Passes the steps on to who started it; deaths go to the log. */
class ChannelReport extends StartReport {
  readonly #tell: (message: FromSupervisor) => void

  constructor(io: Io, clock: ConstructorParameters<typeof StartReport>[1], tell: (message: FromSupervisor) => void) {
    super(io, clock)
    this.#tell = tell
  }

  override step(...[step, view]: Parameters<StartReport['step']>): void {
    super.step(step, view)
    this.#tell({ kind: 'step', step, view })
  }
}
