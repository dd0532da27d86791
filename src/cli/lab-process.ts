import { systemClock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { systemRandom } from '../base/random.js'
import type { FromChild, ToChild } from '../lab/child-messages.js'
import type { ComponentKind } from '../lab/components.js'
import { PROCESSES } from '../lab/inline-processes.js'
import { interrupted } from './interrupted.js'
import { processIo } from './io.js'
import { holdProcess, interruption } from './own-process.js'
import { compose, type Running, type RunPorts, stopWithin } from './run-process.js'

/**
 * A process of a lab, which its supervisor has forked, or the supervisor of a detached lab. It loads the code of its own kind
 * and no command: a lab starts many at once, and loading is most of what a start costs. Resolves to the exit code.
 */
export async function main([what]: readonly string[]): Promise<number> {
  const { env } = process
  const io = processIo(env)
  const signal = interruption()
  const release = holdProcess()
  try {
    if (what === 'supervisor') {
      const { supervise } = await import('./supervise.js')
      return await supervise({ io, env, signal, clock: systemClock, random: systemRandom })
    }
    const warn = (line: string) => io.err(line)
    return await run(what as ComponentKind, { clock: systemClock, random: systemRandom, env, signal, warn })
  } finally {
    release()
  }
}

/** Takes the settings from the channel, reports when all members serve, and ends when told to, or when the channel closes. */
async function run(kind: ComponentKind, ports: RunPorts): Promise<number> {
  const tell = (message: FromChild) => process.connected && process.send?.(message)
  const ended = untilToldToEnd(ports.signal)
  const orders = new Promise<StartOrder>((resolve) => process.once('message', resolve))
  const composed = await PROCESSES[kind].load()
  const order = await Promise.race([orders, ended])
  if (order === undefined) return 0
  process.title = order.title
  let running: Running[] = []
  const endSome = async ({ members }: EndOrder) => {
    const ending = running.filter((_, position) => members.includes(position))
    running = running.filter((member) => !ending.includes(member))
    await stopAll(ending, ports)
    tell({ kind: 'ended' })
  }
  try {
    for (const settings of order.members) {
      const member = await compose(composed, { file: settings, env: {}, flags: {} }, ports)
      running.push(member)
    }
    await Promise.all(running.map((member) => member.start()))
    process.on('message', (later: EndOrder) => void endSome(later))
    tell({ kind: 'ready' })
  } catch (thrown) {
    const { code, message } = AppError.from(thrown)
    tell({ kind: 'failed', code, message })
    await stopAll(running, ports)
    return 1
  }
  await ended
  await stopAll(running, ports)
  return 0
}

type StartOrder = Extract<ToChild, { kind: 'start' }>
type EndOrder = Extract<ToChild, { kind: 'end' }>

/** By the supervisor's signal, or because the supervisor is gone. */
function untilToldToEnd(signal: AbortSignal): Promise<undefined> {
  const gone = new Promise<undefined>((resolve) => process.once('disconnect', () => resolve(undefined)))
  return Promise.race([interrupted(signal), gone])
}

async function stopAll(running: readonly Running[], ports: RunPorts): Promise<void> {
  await Promise.all(running.map((member) => stopWithin(member, ports)))
}
