import type { Clock } from '../base/clock.js'
import type { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { SettingSources } from '../base/settings.js'
import type { ComponentKind } from './components.js'

export interface ProcessPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Called once when the disk fails under way: nothing is acknowledged from then on. End the process. */
  readonly onFatal: (error: AppError) => void
}

/** A kind of process whose code has been loaded. */
export interface ComposableProcess {
  read(sources: SettingSources): { readonly values: object; readonly warnings: readonly string[] }
  compose(values: object, ports: ProcessPorts): { start(): Promise<object>; stop(): Promise<void> }
}

interface ProcessKind {
  load(): Promise<ComposableProcess>
}

/** Every kind of process there is, each behind one door. Its code is loaded only when it is the one to run. */
export const PROCESSES: Readonly<Record<ComponentKind, ProcessKind>> = {
  platform: {
    async load() {
      const { PlatformProcess } = await import('../platform/compose.js')
      const { readPlatformConfig } = await import('../platform/config.js')
      return composable(readPlatformConfig, (config, ports) => new PlatformProcess(config, ports))
    },
  },
  global: {
    async load() {
      const { GlobalProcess } = await import('../global/compose.js')
      const { readGlobalConfig } = await import('../global/config.js')
      return composable(readGlobalConfig, (config, ports) => new GlobalProcess(config, ports))
    },
  },
  zone: {
    async load() {
      const { ZoneProcess } = await import('../zone/compose.js')
      const { readZoneConfig } = await import('../zone/config.js')
      return composable(readZoneConfig, (config, ports) => new ZoneProcess(config, ports))
    },
  },
  dataplane: {
    async load() {
      const { DataplaneProcess } = await import('../dataplane/compose.js')
      const { readDataplaneConfig } = await import('../dataplane/config.js')
      return composable(readDataplaneConfig, (config, ports) => new DataplaneProcess(config, ports))
    },
  },
}

function composable<C extends object>(
  read: (sources: SettingSources) => { readonly values: C; readonly warnings: readonly string[] },
  compose: (config: C, ports: ProcessPorts) => { start(): Promise<object>; stop(): Promise<void> },
): ComposableProcess {
  return { read, compose: (values, ports) => compose(values as C, ports) }
}
