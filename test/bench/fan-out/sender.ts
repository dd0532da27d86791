/** One way to send a change to every stream; answers are counted, for a round is over when all have answered. */
export interface Sender {
  readonly port: number
  /** Streams on which a zone has asked. */
  readonly streams: number
  readonly answers: number
  onAnswer: () => void
  /** A new version of one resource that makes a message of about `size` bytes, to every stream. */
  send(size: number, version: number): void | Promise<void>
}

export const VARIANTS = ['zonelab', 'bare', 'identity', 'stock'] as const
export type Variant = (typeof VARIANTS)[number]
