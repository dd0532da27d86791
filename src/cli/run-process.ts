import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { type LogLevel, pinoLogger } from '../base/pino-logger.js'
import type { Random } from '../base/random.js'
import type { SettingSources } from '../base/settings.js'
import type { ComponentKind } from '../lab/components.js'
import { type ComposableProcess, PROCESSES } from '../lab/inline-processes.js'
import { readIfThere } from '../lab/private-files.js'
import { interrupted } from './interrupted.js'

export interface RunPorts {
  readonly clock: Clock
  readonly random: Random
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by a signal that ends the process; its reason is the exit code. */
  readonly signal: AbortSignal
  readonly warn: (line: string) => void
}

/** After an order to end, an orderly end has this long; the process then ends as it is (design.md: within 10 s). */
const STOP_WITHIN_MS = 10_000

/** Runs one control plane or fleet until a signal ends it; resolves to the exit code. */
export async function runProcess(kind: ComponentKind, flags: Record<string, string>, ports: RunPorts): Promise<number> {
  const { env } = ports
  const composed = await PROCESSES[kind].load()
  const running = await compose(composed, { ...configFile(env), env, flags }, ports)
  const endpoints = await running.start()
  ports.warn(`${kind} is ready: ${describeEndpoints(endpoints)}`)
  await interrupted(ports.signal)
  await stopWithin(running, ports)
  return ports.signal.reason as number
}

export interface Running {
  start(): Promise<object>
  stop(): Promise<void>
}

export async function compose(composed: ComposableProcess, sources: SettingSources, ports: RunPorts): Promise<Running> {
  const { values, warnings } = composed.read(sources)
  const level = (values as { logLevel?: LogLevel }).logLevel ?? 'info'
  const log = pinoLogger({ level })
  for (const warning of warnings) log.warn(warning)
  return composed.compose(values, {
    clock: ports.clock,
    random: ports.random,
    log,
    onFatal: (error) => endAtOnce(error, log),
  })
}

/**
 * After a failed write the disk's state is unknown, and an orderly end would write more: the next start reads what is
 * really there (docs/decisions/0003-store-threading.md). Streams break, and peers keep what they have.
 */
function endAtOnce(error: AppError, log: Logger): void {
  log.error('the store has failed; this process ends now', { code: error.code, error })
  process.exit(1)
}

/** Settings by key from the file that ZONELAB_CONFIG_FILE names. */
function configFile(env: RunPorts['env']): { file?: Record<string, unknown> } {
  const path = env.ZONELAB_CONFIG_FILE
  if (path === undefined || path === '') return {}
  const text = readIfThere(path)
  if (text === undefined) throw new AppError('invalid-argument', `ZONELAB_CONFIG_FILE: there is no file ${path}`)
  try {
    return { file: JSON.parse(text) as Record<string, unknown> }
  } catch (cause) {
    throw new AppError('invalid-argument', `ZONELAB_CONFIG_FILE: ${path} is not JSON`, { cause })
  }
}

/** A part that does not end in time must not keep the others' end from being the process's. */
export async function stopWithin(running: Running, { clock, warn }: RunPorts): Promise<void> {
  const late = new Promise<void>((resolve) => {
    clock.after(STOP_WITHIN_MS, () => {
      warn(`did not end in order within ${STOP_WITHIN_MS / 1_000} s`)
      resolve()
    })
  })
  await Promise.race([running.stop(), late])
}

function describeEndpoints(endpoints: object): string {
  return Object.entries(endpoints)
    .filter(([, value]) => typeof value === 'number' || typeof value === 'string')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
