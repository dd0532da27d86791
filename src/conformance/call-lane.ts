import type { Bench } from './bench.js'
import type { CallDraft } from './call-draft.js'
import type { Door } from './door.js'
import type { Exchange, Probe } from './result.js'

/** Where call cases of one way in run one after another, as one peer. */
export interface CallLane<D extends Door = Door> {
  readonly bench: Bench
  readonly doors: readonly D[]
  /** The one that is asked first: it answers at once, and proves its token wherever the service does. */
  readonly proving: D
  /** Doors where Kuma looks at no token: what is to be refused may be taken there, unless our answer is asked for. */
  readonly unguardedInKuma?: ReadonlySet<D>
  /** One call, and what the target said before it was cleaned. */
  trial(door: D, draft: CallDraft): Promise<{ readonly exchange: Exchange; readonly rawText: string }>
  /** A legal call, kept open where the door has sessions. */
  control(door: D): Promise<ControlCall>
  /** A legal call by which it is seen that the target still serves. */
  probe(): Promise<Exchange>
  /** What a call that is refused must not have brought about. */
  traces(rawText: string): Promise<readonly Probe[]>
  close(): Promise<void>
}

export interface ControlCall {
  /** It is a session, which other calls of its peer might disturb. */
  readonly isSession: boolean
  readonly alive: boolean
  readonly opening: Exchange
  readonly exchange: Exchange
  close(): void
}
