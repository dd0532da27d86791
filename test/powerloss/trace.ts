import { basename, dirname } from 'node:path'

/** What the traced process did to the files of one folder, and when it acknowledged, in the order of completion. */
export type DiskEvent =
  | { readonly kind: 'create'; readonly name: string; readonly truncate: boolean }
  | { readonly kind: 'write'; readonly name: string; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly name: string; readonly size: number }
  | { readonly kind: 'sync'; readonly name: string }
  | { readonly kind: 'sync-folder' }
  | { readonly kind: 'unlink'; readonly name: string }
  | { readonly kind: 'ack'; readonly name: string }

/** Every call by which SQLite changes files. Any other one on them makes `diskEvents` throw rather than guess. */
const CALLS = 'openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,pwritev,writev,pwritev2,fallocate,rename,link'

/** Arguments of strace: one file for all threads, paths beside descriptors, all data in hexadecimal. */
export function straceArguments(tracePath: string): string[] {
  return ['-f', '--seccomp-bpf', '-y', '-xx', '-s', '1000000', '-e', `trace=${CALLS}`, '-o', tracePath]
}

/** Reads a trace made with `straceArguments`. `folder` is absolute. Failed calls did nothing and are left out. */
export function diskEvents(trace: string, folder: string): DiskEvent[] {
  return wholeLines(trace).flatMap((line) => {
    const call = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(line)
    if (!call || Number(call[3]) < 0) return []
    return eventOf(call[1] ?? '', call[2] ?? '', folder) ?? []
  })
}

/** Joins what strace split because another thread came in between: `f(x <unfinished ...>`, `<... f resumed>) = 0`. */
function wholeLines(trace: string): string[] {
  const begun = new Map<string, string>()
  return trace.split('\n').flatMap((line) => {
    const thread = /^\d+/.exec(line)?.[0] ?? ''
    const text = line.slice(thread.length).trimStart()
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, text.slice(0, -'<unfinished ...>'.length).trimEnd())
      return []
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    return [resumed ? (begun.get(thread) ?? '') + resumed[1] : text]
  })
}

function eventOf(call: string, args: string, folder: string): DiskEvent | undefined {
  const acknowledged = /^1<[^>]*>, "([^"]*)"/.exec(args)
  if (call === 'write' && acknowledged) {
    const text = bytesOf(acknowledged[1]).toString()
    return text.startsWith('ack ') ? { kind: 'ack', name: text.slice(4).trim() } : undefined
  }
  const path = pathOf(call, args)
  if (path === folder) return call === 'fsync' || call === 'fdatasync' ? { kind: 'sync-folder' } : undefined
  if (path === undefined || dirname(path) !== folder) return undefined
  return fileEvent(call, args, basename(path))
}

function pathOf(call: string, args: string): string | undefined {
  const quoted = /"([^"]*)"/.exec(args)?.[1]
  const described = /^\d+<([^>]*)>/.exec(args)?.[1]
  return bytesOf(call === 'openat' || call === 'unlink' ? quoted : described).toString()
}

function fileEvent(call: string, args: string, name: string): DiskEvent | undefined {
  const data = /"([^"]*)"/.exec(args)?.[1]
  const last = Number(/(\d+)$/.exec(args)?.[1])
  switch (call) {
    case 'openat':
      return args.includes('O_CREAT') ? { kind: 'create', name, truncate: args.includes('O_TRUNC') } : undefined
    case 'pwrite64':
      return { kind: 'write', name, offset: last, data: bytesOf(data) }
    case 'ftruncate':
      return { kind: 'truncate', name, size: last }
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', name }
    case 'unlink':
      return { kind: 'unlink', name }
    default:
      // Node writes the file that names the process so; it is no part of the database.
      if (call === 'write' && name.endsWith('.pid')) return undefined
      throw new Error(`the replay does not know ${call} on ${name}`)
  }
}

function bytesOf(hex = ''): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex')
}
