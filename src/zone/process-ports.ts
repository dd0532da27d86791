import type { Clock } from '../base/clock.js'
import type { AppError } from '../base/errors.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { TenantStore } from '../store/store.js'
import type { LinkState } from '../sync/link-state.js'
import type { GlobalConnection } from './link-session.js'

/** What a zone's process gets from whoever runs it. */
export interface ProcessPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Called once when the disk fails under way: nothing is acknowledged from then on. Stop the process and exit non-zero. */
  readonly onFatal?: (error: AppError) => void
  /** Whoever runs zones in a process of his own may bring these, instead of what the settings would have. */
  readonly store?: TenantStore
  readonly hops?: Hops
  readonly dial?: () => GlobalConnection
  readonly onLink?: (state: LinkState['kind']) => void
}

/** The port of each listener. */
export interface ZoneEndpoints {
  readonly apiHttp: number
  readonly apiHttps: number
  readonly xds: number
  readonly bootstrap: number
  readonly diagnostics: number
}
