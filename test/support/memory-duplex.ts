import { invariant } from '../../src/base/assert.js'
import { AppError, GRPC_STATUS } from '../../src/base/errors.js'
import type { CloseReason } from '../../src/protocol/close-reason.js'
import type { Duplex, DuplexHandlers } from '../../src/protocol/duplex.js'

/** What the two ends send each other, and what becomes of it on the way. */
export interface MemoryLinkOptions<L, LIn, R, RIn> {
  readonly toRight: (message: L) => RIn
  readonly toLeft: (message: R) => LIn
  /** Move by itself in microtasks, as a network would. Default: only `flush` and `moves` move anything. */
  readonly auto?: boolean
}

/** One thing that the network may do next. */
export interface Move {
  readonly name: string
  run(): void
}

/** Above any test's number of moves: more means that two peers answer each other for ever. */
const MOVES_MAX = 100_000

/** Two joined duplexes without a socket. A message moves in two steps, as on a real one: taken from the sender, then delivered. */
export class MemoryLink<L, LIn, R, RIn> {
  readonly left: MemoryEnd<L, LIn>
  readonly right: MemoryEnd<R, RIn>
  #scheduled = false

  constructor(options: MemoryLinkOptions<L, LIn, R, RIn>) {
    const touched = options.auto ? () => this.#schedule() : () => {}
    this.left = new MemoryEnd<L, LIn>('left', touched, (message) => this.right.receive(() => options.toRight(message)))
    this.right = new MemoryEnd<R, RIn>('right', touched, (message) => this.left.receive(() => options.toLeft(message)))
    this.left.peer = this.right
    this.right.peer = this.left
  }

  /** What can happen now. A random walk picks one; `flush` takes the first until none is left. */
  moves(): Move[] {
    return [...this.left.moves(), ...this.right.moves()]
  }

  flush(): void {
    for (let count = 0; count < MOVES_MAX; count += 1) {
      const [move] = this.moves()
      if (!move) return
      move.run()
    }
    throw new AppError('internal', `the link does not come to rest within ${MOVES_MAX} moves`)
  }

  /** The network breaks: what is on its way is lost and both ends learn of it. */
  cut(detail = 'connection reset'): void {
    this.left.lose({ kind: 'peer-lost', detail })
    this.right.lose({ kind: 'peer-lost', detail })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      const [move] = this.moves()
      move?.run()
      if (this.moves().length > 0) this.#schedule()
    })
  }
}

/** Messages that wait at a receiver before its sender's transport takes no more: a small window, so that back-pressure shows. */
const WINDOW = 2

interface Peer {
  readonly hasRoom: boolean
  peerEnded(reason: CloseReason): void
  lose(reason: CloseReason): void
}

export class MemoryEnd<Out, In> implements Duplex<Out, In> {
  /** While true the transport takes nothing: the network, or a peer whose window is full. */
  stalled = false
  peer: Peer | undefined
  readonly #name: string
  readonly #touched: () => void
  readonly #carry: (message: Out) => void
  #handlers: DuplexHandlers<In> | undefined
  #outgoing: readonly Out[] = []
  #taken = false
  #inbox: (() => In)[] = []
  #paused = false
  /** Our own `end`, waiting for the message in the transport. */
  #ending: CloseReason | undefined
  /** Why it is over; told to the handlers once what was received before is delivered. */
  #ended: CloseReason | undefined
  #told = false

  constructor(name: string, touched: () => void, carry: (message: Out) => void) {
    this.#name = name
    this.#touched = touched
    this.#carry = carry
  }

  get writable(): boolean {
    return !this.#over && this.#outgoing.length === 0
  }

  get hasRoom(): boolean {
    return this.#inbox.length < WINDOW
  }

  get #over(): boolean {
    return this.#ending !== undefined || this.#ended !== undefined
  }

  open(handlers: DuplexHandlers<In>): void {
    invariant(!this.#handlers, 'a duplex is opened once')
    this.#handlers = handlers
    this.#touched()
  }

  send(...messages: readonly Out[]): void {
    invariant(this.writable, `${this.#name} sends while it is not writable`)
    this.#outgoing = messages
    this.#touched()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#touched()
  }

  end(reason: CloseReason): void {
    if (this.#ending || this.#told) return
    this.#inbox = []
    this.#ending = this.#ended ?? reason
    this.#touched()
  }

  abort(reason: CloseReason): void {
    if (this.#ended) return
    const first = this.#ending ?? reason
    this.lose(first)
    this.peer?.lose({ kind: 'peer-lost', detail: `stream reset: ${first.detail}` })
  }

  receive(decode: () => In): void {
    if (!this.#over) this.#inbox.push(decode)
  }

  peerEnded({ detail }: CloseReason): void {
    this.#ended ??= this.#ending ?? { kind: 'peer-ended', status: GRPC_STATUS.UNAVAILABLE, detail }
    this.#outgoing = []
    this.#touched()
  }

  /** Over at once: nothing more is sent or delivered. */
  lose(reason: CloseReason): void {
    if (this.#told) return
    this.#ended ??= this.#ending ?? reason
    this.#outgoing = []
    this.#inbox = []
    this.#touched()
  }

  moves(): Move[] {
    const moves: Move[] = []
    const offer = (name: string, run: () => void) => moves.push({ name: `${this.#name} ${name}`, run })
    const { outgoing, handlers } = { outgoing: this.#outgoing, handlers: this.#handlers }
    if (outgoing.length > 0 && !this.stalled && this.peer?.hasRoom) offer('take', () => this.#take(outgoing))
    if (this.#ending && !this.#ended && outgoing.length === 0) offer('finish', () => this.#finish(this.#ending))
    if (!handlers || this.#told) return moves
    if (this.#taken && !this.#over) offer('writable', () => this.#writable(handlers))
    const [received] = this.#inbox
    if (received && !this.#paused) offer('deliver', () => this.#deliver(handlers, received))
    if (this.#ended && !received) offer('tell end', () => this.#tellEnd(handlers, this.#ended))
    return moves
  }

  /** One message after the other; the transport is free when it has the last. */
  #take([message, ...rest]: readonly Out[]): void {
    this.#outgoing = rest
    this.#taken = rest.length === 0
    if (message !== undefined) this.#carry(message)
  }

  #writable(handlers: DuplexHandlers<In>): void {
    this.#taken = false
    handlers.onWritable()
  }

  #deliver(handlers: DuplexHandlers<In>, decode: () => In): void {
    this.#inbox.shift()
    let message: In
    try {
      message = decode()
    } catch (thrown) {
      this.abort({ kind: 'undecodable', detail: AppError.from(thrown).message })
      return
    }
    handlers.onMessage(message)
  }

  #finish(reason: CloseReason | undefined): void {
    this.#ended = reason
    this.#inbox = []
    if (reason) this.peer?.peerEnded(reason)
  }

  #tellEnd(handlers: DuplexHandlers<In>, reason: CloseReason | undefined): void {
    this.#told = true
    if (reason) handlers.onEnd(reason)
  }
}
