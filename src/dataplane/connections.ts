import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { GrpcClient } from '../transport/grpc/client.js'
import type { ClientTrust } from '../transport/grpc/client-trust.js'
import { KDS_HEADER } from '../wire/metadata.js'
import { DeltaAggregatedResources } from '../wire/xds-service.js'
import type { AdsDuplex } from './proxy-stream.js'

/** One stream, on a connection of its own or shared. */
export interface Connection {
  readonly duplex: AdsDuplex
  /** When the stream is over. A connection that nobody uses any more is closed. */
  release(): void
}

export interface ConnectionsOptions {
  /** `host:port` of the zone's xDS. */
  readonly target: string
  readonly trust: ClientTrust
  /** Streams per connection; 1 is what real sidecars do. Only proxies with the same token file share. */
  readonly perConnection: number
  readonly clock: Clock
}

interface Shared {
  readonly client: GrpcClient
  users: number
  /** A stream has left it: it may be broken, so it takes no new ones. */
  spent: boolean
}

/** The connections of a fleet to its zone. */
export class Connections {
  readonly #options: ConnectionsOptions
  /** By token file: the connection that still has room. */
  readonly #filling = new Map<string, Shared>()

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** `tokenFile` is read for each stream, so that a token can be rotated; empty: no token. Throws `invalid-argument` when it cannot be read. */
  open(tokenFile: string): Connection {
    const shared = this.#room(tokenFile)
    shared.users += 1
    let released = false
    const release = () => {
      if (released) return
      released = true
      this.#release(shared)
    }
    try {
      return { duplex: shared.client.open(DeltaAggregatedResources), release }
    } catch (thrown) {
      release()
      throw thrown
    }
  }

  #room(tokenFile: string): Shared {
    const { target, trust, perConnection, clock } = this.#options
    const filling = this.#filling.get(tokenFile)
    if (filling && !filling.spent && filling.users < perConnection) return filling
    const client = new GrpcClient({ target, trust, headers: () => authorization(tokenFile), clock })
    const shared: Shared = { client, users: 0, spent: false }
    if (perConnection > 1) this.#filling.set(tokenFile, shared)
    return shared
  }

  #release(shared: Shared): void {
    shared.users -= 1
    shared.spent = true
    if (shared.users === 0) shared.client.close()
  }
}

/** The bare token, as Kuma's bootstrap has Envoy send it. */
function authorization(tokenFile: string): Readonly<Record<string, readonly string[]>> {
  if (tokenFile === '') return {}
  let token: string
  try {
    token = readFileSync(tokenFile, 'utf8').trim()
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read the dataplane token file ${tokenFile}`, { cause })
  }
  if (token === '') throw new AppError('invalid-argument', `the dataplane token file ${tokenFile} is empty`)
  return { [KDS_HEADER.authorization]: [token] }
}
