import type { Http2Session } from 'node:http2'
import type { Cancel, Clock } from '../../base/clock.js'

export interface KeepaliveTimes {
  /** How often a peer is asked whether it is there. */
  readonly time: number
  /** How long it may take to answer. */
  readonly timeout: number
}

/** Asks the peer of a connection whether it is there, and calls `onSilent` when nobody answers. */
export function keepAlive(
  session: Http2Session,
  { time, timeout }: KeepaliveTimes,
  clock: Clock,
  onSilent: () => void,
): void {
  let cancel: Cancel
  const ask = () => {
    if (session.destroyed) return
    cancel = clock.after(timeout, onSilent)
    session.ping(() => {
      cancel()
      if (!session.destroyed) cancel = clock.after(time, ask)
    })
  }
  cancel = clock.after(time, ask)
  session.on('close', () => cancel())
}
