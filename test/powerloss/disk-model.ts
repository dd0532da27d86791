import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../src/base/random.js'
import type { DiskEvent } from './trace.js'

/** The unit that a disk writes whole. */
const SECTOR_BYTES = 512

type Unsynced = Extract<DiskEvent, { kind: 'write' | 'truncate' }>

/** A file's content, apart from its name. */
interface Inode {
  durable: Buffer
  unsynced: Unsynced[]
}

export interface Image {
  readonly files: ReadonlyMap<string, Buffer>
}

/**
 * A disk that remembers nothing but what was synced: data by fsync of the file, names by fsync of the folder (stricter
 * than ext4, where a new file's name comes along with its data).
 */
export class DiskModel {
  readonly #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()

  apply(event: DiskEvent): void {
    switch (event.kind) {
      case 'create': {
        const inode = this.#names.get(event.name) ?? { durable: Buffer.alloc(0), unsynced: [] }
        this.#names.set(event.name, inode)
        if (event.truncate) inode.unsynced.push({ kind: 'truncate', name: event.name, size: 0 })
        return
      }
      case 'write':
      case 'truncate':
        this.#names.get(event.name)?.unsynced.push(event)
        return
      case 'sync': {
        const inode = this.#names.get(event.name)
        if (!inode) return
        inode.durable = applied(inode.durable, inode.unsynced)
        inode.unsynced = []
        return
      }
      case 'sync-folder':
        this.#durableNames = new Map(this.#names)
        return
      case 'unlink':
        this.#names.delete(event.name)
        return
      case 'ack':
    }
  }

  /** What a power cut leaves at the least. */
  durableImage(): Image {
    return { files: new Map([...this.#durableNames].map(([name, inode]) => [name, inode.durable])) }
  }

  /** What it may leave: of what was not synced, some names, some writes in any choice, some of them torn. */
  randomImage(random: Random): Image {
    const files = new Map<string, Buffer>()
    for (const name of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const inode = random.next() < 0.5 ? this.#names.get(name) : this.#durableNames.get(name)
      if (!inode) continue
      const reached = inode.unsynced.filter(() => random.next() < 0.5)
      const parts = reached.flatMap((change) => torn(change, random))
      files.set(name, applied(inode.durable, parts))
    }
    return { files }
  }
}

export function saveImage({ files }: Image, folder: string): void {
  for (const [name, data] of files) writeFileSync(join(folder, name), data)
}

function applied(content: Buffer, changes: readonly Unsynced[]): Buffer {
  let next = Buffer.from(content)
  for (const change of changes) {
    const size = change.kind === 'truncate' ? change.size : Math.max(next.length, change.offset + change.data.length)
    if (size < next.length) next = next.subarray(0, size)
    if (size > next.length) next = Buffer.concat([next, Buffer.alloc(size - next.length)])
    if (change.kind === 'write') change.data.copy(next, change.offset)
  }
  return next
}

/** One in four writes reaches the disk in part: each sector of it or not. */
function torn(change: Unsynced, random: Random): Unsynced[] {
  if (change.kind === 'truncate' || random.next() < 0.75) return [change]
  const sectors: Unsynced[] = []
  for (let start = 0; start < change.data.length; ) {
    const end = Math.min(change.data.length, start + SECTOR_BYTES - ((change.offset + start) % SECTOR_BYTES))
    if (random.next() < 0.5) {
      sectors.push({ ...change, offset: change.offset + start, data: change.data.subarray(start, end) })
    }
    start = end
  }
  return sectors
}
