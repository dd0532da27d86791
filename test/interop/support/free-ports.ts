import { PortAllocator } from '../../../src/lab/ports.js'

/** One allocator for the whole run, so that two processes of a test never get the same port. */
const allocator = new PortAllocator({ host: '0.0.0.0', place: `interop-${process.pid}`, reserved: [] })

export function freePort(): Promise<number> {
  return allocator.next()
}

/** The first of `count` free ports in a row, for what opens several from a first one. */
export async function freePortRange(count: number): Promise<number> {
  let first = await freePort()
  for (let last = first; last < first + count - 1; ) {
    const next = await freePort()
    if (next !== last + 1) first = next
    last = next
  }
  return first
}
