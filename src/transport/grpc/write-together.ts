import type { Writable } from 'node:stream'

/** Writes frames in one go: what is written apart waits, each frame for the one before it to have left the socket. */
export function writeTogether(
  stream: Writable,
  frames: readonly Uint8Array[],
  done: (error?: Error | null) => void,
): void {
  stream.cork()
  for (const [index, frame] of frames.entries()) stream.write(frame, index === frames.length - 1 ? done : undefined)
  stream.uncork()
}
