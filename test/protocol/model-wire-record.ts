import type { Duplex } from '../../src/protocol/duplex.js'
import type { DeltaRequest, EncodedResponse } from '../../src/protocol/messages.js'
import type { StreamOrder } from '../../src/protocol/order.js'
import type { Batch } from '../../src/protocol/ports.js'
import { WILDCARD } from '../../src/protocol/subscription.js'

type Contents = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Watches one stream from the publisher's end of the wire and notes what must never be seen there. */
export class WireRecord {
  readonly violations: string[] = []
  /** Types that the peer has asked for. */
  readonly asked = new Set<string>()
  sentCount = 0
  readonly #order: StreamOrder
  readonly #contents: () => Contents
  /** How often the peer has asked for everything again and was not given it yet. */
  readonly #repeatsOwed = new Map<string, number>()
  readonly #inFlight = new Map<string, Batch>()
  readonly #namesAt = new Map<string, ReadonlySet<string>>()
  /** Types whose first response went out. */
  readonly #opened = new Set<string>()
  /** What has been answered for, by type: name → version. */
  readonly #known = new Map<string, Map<string, string>>()
  /** Names that may be sent though they are known: asked for again, or renewed by another type. */
  readonly #anew = new Map<string, Set<string>>()

  /** Names that the peer no longer wants: it drops what arrives late. */
  readonly #givenUp = new Map<string, Set<string>>()

  constructor(order: StreamOrder, contents: () => Contents) {
    this.#order = order
    this.#contents = contents
  }

  /** The names, as `type name`, that the source held when it sent this response. */
  namesAt(nonce: string): ReadonlySet<string> {
    return this.#namesAt.get(nonce) ?? new Set()
  }

  tap(duplex: Duplex<EncodedResponse, DeltaRequest>): Duplex<EncodedResponse, DeltaRequest> {
    return {
      get writable() {
        return duplex.writable
      },
      open: (handlers) =>
        duplex.open({
          onMessage: (request) => {
            this.#requested(request)
            handlers.onMessage(request)
          },
          onWritable: () => handlers.onWritable(),
          onEnd: (reason) => handlers.onEnd(reason),
        }),
      send: (...responses) => duplex.send(...responses),
      pause: () => duplex.pause(),
      resume: () => duplex.resume(),
      end: (reason) => duplex.end(reason),
      abort: (reason) => duplex.abort(reason),
    }
  }

  sent(type: string, batch: Batch): void {
    this.sentCount += 1
    const { nonce } = batch.response
    const said = `${type} ${nonce}`
    this.#forbid(!this.asked.has(type), `${said} was not asked for`)
    this.#forbid(this.#inFlight.has(type), `${said} is sent while a response of its type is in flight`)
    this.#forbid(this.#namesAt.has(nonce), `${said} has the nonce of an earlier response`)
    this.#checkOrder(type, batch, said)
    this.#checkNeed(type, batch, said)
    const names = Object.entries(this.#contents()).flatMap(([of, held]) => Object.keys(held).map((n) => `${of} ${n}`))
    this.#namesAt.set(nonce, new Set(names))
    this.#inFlight.set(type, batch)
    const renewed = this.#order.renews.get(type)
    if (renewed !== undefined) for (const { name } of batch.entries) this.#anewOf(renewed).add(name)
  }

  #requested({ type, nonce, subscribe, unsubscribe, initialVersions }: DeltaRequest): void {
    const owed = this.#repeatsOwed.get(type) ?? 0
    if (!this.asked.has(type)) this.#known.set(type, new Map(initialVersions))
    else if (nonce === '' && subscribe.includes(WILDCARD)) this.#repeatsOwed.set(type, owed + 1)
    this.asked.add(type)
    const givenUp = this.#givenUpOf(type)
    for (const name of subscribe) {
      this.#anewOf(type).add(name)
      givenUp.delete(name)
    }
    for (const name of unsubscribe) {
      givenUp.add(name)
      this.#known.get(type)?.delete(name)
    }
    const answered = this.#inFlight.get(type)
    if (answered?.response.nonce !== nonce) return
    this.#inFlight.delete(type)
    const known = this.#known.get(type)
    for (const { name, version } of answered.entries) if (!givenUp.has(name)) known?.set(name, version)
    for (const name of answered.removed) known?.delete(name)
  }

  /** Nothing is sent again that was answered for, refused or not, and no empty message but the first of a type. */
  #checkNeed(type: string, { entries, removed }: Batch, said: string): void {
    const known = this.#known.get(type) ?? new Map()
    const first = !this.#opened.has(type)
    this.#opened.add(type)
    const excused = (name: string) => this.#anewOf(type).delete(name)
    const needless = entries.filter(({ name, version }) => known.get(name) === version && !excused(name))
    const strangers = removed.filter((name) => !known.has(name) && !excused(name))
    this.#forbid(strangers.length > 0, `${said} removes ${strangers}, which the peer neither holds nor asked for`)
    const empty = !first && entries.length + removed.length === 0
    if ((needless.length > 0 || empty) && this.#repeats(type, entries)) return
    this.#forbid(needless.length > 0, `${said} sends again ${needless.map(({ name }) => name)}`)
    this.#forbid(empty, `${said} is empty`)
  }

  /** Everything again, as the peer asked. */
  #repeats(type: string, entries: Batch['entries']): boolean {
    const everything = entries.length === Object.keys(this.#contents()[type] ?? {}).length
    const owed = this.#repeatsOwed.get(type) ?? 0
    if (!everything || owed === 0) return false
    this.#repeatsOwed.set(type, owed - 1)
    return true
  }

  #checkOrder(type: string, { removed }: Batch, said: string): void {
    const inFlight = (types: readonly string[] = []) => types.filter((other) => this.#inFlight.has(other))
    const awaited = inFlight(this.#order.waitsFor.get(type))
    this.#forbid(awaited.length > 0, `${said} goes before the answer for ${awaited}`)
    const held = removed.filter((name) => this.#known.get(type)?.has(name))
    const referring = held.length > 0 ? inFlight(this.#order.removalsAfter.get(type)) : []
    this.#forbid(referring.length > 0, `${said} removes before the answer for ${referring}`)
  }

  #anewOf(type: string): Set<string> {
    const anew = this.#anew.get(type) ?? new Set()
    this.#anew.set(type, anew)
    return anew
  }

  #givenUpOf(type: string): Set<string> {
    const givenUp = this.#givenUp.get(type) ?? new Set()
    this.#givenUp.set(type, givenUp)
    return givenUp
  }

  #forbid(seen: boolean, what: string): void {
    if (seen) this.violations.push(what)
  }
}
