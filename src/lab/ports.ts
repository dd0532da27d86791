import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { AppError } from '../base/errors.js'

/** Kuma's own ports for a global control plane: where everybody's tools look first. */
export const KUMA_PORTS = {
  diagnosticsPort: 5680,
  apiHttpPort: 5681,
  apiHttpsPort: 5682,
  kdsPort: 5685,
} as const

export type GlobalPortName = keyof typeof KUMA_PORTS
export type GlobalPorts = Readonly<Record<GlobalPortName, number>>

/** The flag that asks for each port. */
export const PORT_FLAGS: Readonly<Record<GlobalPortName, string>> = {
  diagnosticsPort: '--diagnostics-port',
  apiHttpPort: '--api-port',
  apiHttpsPort: '--api-https-port',
  kdsPort: '--kds-port',
}

export interface PortReplaced {
  readonly name: GlobalPortName
  readonly usual: number
  readonly chosen: number
}

export interface PortChoice {
  readonly ports: GlobalPorts
  /** Whose usual port is taken. */
  readonly replaced: readonly PortReplaced[]
}

export type IsPortFree = (host: string, port: number) => Promise<boolean>

/**
 * For each port: the one asked for by flag, else the one that the lab had, else Kuma's, else a free one.
 * Throws `port-taken` when one that was asked for is in use.
 */
export async function chooseGlobalPorts(
  allocator: PortAllocator,
  wishes: { readonly asked: Partial<GlobalPorts>; readonly kept: Partial<GlobalPorts> },
): Promise<PortChoice> {
  const ports: Record<string, number> = {}
  const replaced: PortReplaced[] = []
  for (const name of Object.keys(KUMA_PORTS) as GlobalPortName[]) {
    const asked = wishes.asked[name]
    const wanted = asked ?? wishes.kept[name] ?? KUMA_PORTS[name]
    if (await allocator.take(wanted)) {
      ports[name] = wanted
    } else if (asked === undefined) {
      const chosen = await allocator.next()
      ports[name] = chosen
      replaced.push({ name, usual: wanted, chosen })
    } else {
      const flag = PORT_FLAGS[name]
      throw new AppError('port-taken', `${flag} ${asked}: the port is in use; stop what uses it or leave ${flag} out`)
    }
  }
  return { ports: ports as GlobalPorts, replaced }
}

/**
 * Below the range from which systems draw the ports of outgoing connections (32768 on Linux): a port of a component
 * that is down for a while stays free for it.
 */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000
/** Hands out ports that are free and not yet given to another component of the same lab. */
export class PortAllocator {
  readonly #host: string
  readonly #isFree: IsPortFree
  readonly #given: Set<number>
  #candidate: number

  /** `reserved` are not given out by `next`, free or not: somebody will come back to them. */
  constructor(options: {
    readonly host: string
    /** Allocators of different places begin at different ports. */
    readonly place: string
    readonly reserved: Iterable<number>
    readonly isFree?: IsPortFree
  }) {
    this.#host = options.host
    this.#isFree = options.isFree ?? isPortFree
    this.#given = new Set(options.reserved)
    // Labs begin at different ports, so that one rarely takes what another has given up for a moment.
    const digest = createHash('sha256').update(options.place).digest()
    this.#candidate = FIRST_PORT + (digest.readUInt32BE() % (LAST_PORT - FIRST_PORT))
  }

  /** Whether this very port could be had. */
  async take(port: number): Promise<boolean> {
    if (!(await this.#isFree(this.#host, port))) return false
    this.#given.add(port)
    return true
  }

  /** Throws `port-taken` when none is left. */
  async next(): Promise<number> {
    for (let tried = FIRST_PORT; tried < LAST_PORT; tried += 1) {
      const port = this.#candidate
      this.#candidate = port + 1 < LAST_PORT ? port + 1 : FIRST_PORT
      if (!this.#given.has(port) && (await this.take(port))) return port
    }
    throw new AppError('port-taken', `no port from ${FIRST_PORT} to ${LAST_PORT} is free`)
  }
}

/** Tries to listen. Between this and the real start another process may come first; the start then says so. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
