import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP hop between zone and global that counts, and that can stop carrying without closing anything. */
export class Relay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #frozen = false
  /** Bytes that went from the global to zones. */
  bytesDown = 0

  private constructor(target: number) {
    this.#server = createServer((down) => {
      const up = connect(target, '127.0.0.1')
      this.#carry(down, up, () => {})
      this.#carry(up, down, (bytes) => {
        this.bytesDown += bytes
      })
    })
  }

  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port)
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve))
    return relay
  }

  get address(): string {
    return `grpc://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Connections stay open and carry nothing any more. */
  freeze(): void {
    this.#frozen = true
  }

  /** New connections carry again; those of before stay dead. */
  thaw(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#frozen = false
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #carry(from: Socket, to: Socket, count: (bytes: number) => void): void {
    this.#sockets.add(from)
    from.on('data', (chunk) => {
      if (this.#frozen) return
      count(chunk.length)
      to.write(chunk)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      if (!this.#frozen) to.destroy()
    })
  }
}
