import { systemClock } from '../base/clock.js'
import { EXIT } from './exit-codes.js'

/** Less than a person needs to press twice. */
const SAME_SIGNAL_MS = 100

/**
 * Aborts at the first Ctrl-C or SIGTERM, with the exit code as its reason. A second one ends the process at once.
 * `timeout` sends each signal twice, to its child and to the group: what follows at once is no second one.
 * Ctrl-C reaches every process of the terminal; which of a lab's processes end, and in which order, is its supervisor's to say.
 */
export function interruption(): AbortSignal {
  const abort = new AbortController()
  let firstMs = 0
  const on = (signal: NodeJS.Signals, code: number) => {
    process.on(signal, () => {
      const nowMs = systemClock.monotonicMs()
      if (!abort.signal.aborted) firstMs = nowMs
      else if (nowMs - firstMs > SAME_SIGNAL_MS) process.exit(code)
      abort.abort(code)
    })
  }
  if (process.send === undefined) on('SIGINT', EXIT.interrupted)
  else process.on('SIGINT', () => {})
  on('SIGTERM', EXIT.terminated)
  return abort.signal
}

/** Our timers never keep a process alive (base/clock); a command that only waits has to. */
export function holdProcess(): () => void {
  const { port1, port2 } = new MessageChannel()
  port1.ref()
  return () => {
    port1.close()
    port2.close()
  }
}
