import type { Settings } from './child-messages.js'
import type { ProcessId } from './process-id.js'

/** Where what runs some components is in its life. `id` is that of its process; a lab in one process has none. */
export type RunnerState =
  | { readonly kind: 'stopped' }
  /** Has its code loaded, or loads it, but has not been told to serve. */
  | { readonly kind: 'loaded'; readonly id: ProcessId | undefined }
  | { readonly kind: 'starting'; readonly id: ProcessId | undefined }
  | { readonly kind: 'ready'; readonly id: ProcessId | undefined; readonly sinceMs: number; readonly paused: boolean }
  | { readonly kind: 'stopping'; readonly id: ProcessId | undefined }
  /** Ended otherwise than in order: by itself, or killed. */
  | { readonly kind: 'died'; readonly how: string; readonly atMs: number }

/** What a supervisor needs of something that runs components: a process, or objects in this one. */
export interface Runner {
  readonly state: RunnerState
  /** Gets ready to be started. Several can load while the first one serves already. */
  load(): void
  /** Resolves when all members serve. Throws what they report; nothing of them is left then. */
  start(title: string, members: readonly Settings[]): Promise<void>
  /**
   * Members end in order, named by their positions among those that run; the others go on. Nothing to do where none run.
   * Throws `invalid-argument` unless it is ready and not paused, and `timed-out`.
   */
  endMembers(members: readonly number[]): Promise<void>
  /** In order, and by force after a grace time. Nothing to do for one that does not run. */
  stop(): Promise<void>
  /** As a crash would. */
  kill(): Promise<void>
  /** Throws `invalid-argument` unless it is ready and not paused. */
  pause(): void
  resume(): void
}
