import { connect, createServer, type Server, type Socket } from 'node:net'

/** What becomes of a commit's last message: the client's COMMIT, or the server's word that it is done. */
type LastMessage = 'passes' | 'is lost on the way there' | 'is lost on the way back'

interface Link {
  readonly client: Socket
  readonly server: Socket
  /** The open transaction writes. */
  writes: boolean
  unread: Buffer
}

/** Of the transactions whose end may be lost: every commit of resources, and of records, has one of these. */
const WRITES = ['INSERT INTO zonelab.change_log', 'UPDATE zonelab.record_head']
const NOTIFICATION = 'A'.charCodeAt(0)

/** Between a store and its database: cuts, refuses, and loses chosen messages. It reads PostgreSQL's framing, nothing more. */
export class PostgresProxy {
  readonly #target: { readonly host: string; readonly port: number } | { readonly path: string }
  readonly #links = new Set<Link>()
  readonly #server: Server
  readonly #credentials: string
  readonly #path: string
  refusing = false
  dropsNotifications = false
  commit: LastMessage = 'passes'
  /** Commits whose last message was lost. */
  lost = 0

  constructor(url: string) {
    const [, credentials = '', host = '', port = '', path = '', query = ''] =
      /^postgres:\/\/([^@]*)@([^/:?]*):?(\d*)([^?]*)(.*)$/.exec(url) ?? []
    const folder = new URLSearchParams(query).get('host')
    this.#credentials = credentials
    this.#path = path
    this.#target = folder ? { path: `${folder}/.s.PGSQL.${port || 5432}` } : { host, port: Number(port || 5432) }
    this.#server = createServer((client) => this.#accept(client))
  }

  /** The URL of the same database by way of the proxy. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    return `postgres://${this.#credentials}@127.0.0.1:${port}${this.#path}`
  }

  /** Every connection breaks. */
  cut(): void {
    for (const link of this.#links) this.#cut(link)
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    if (this.refusing) {
      client.destroy()
      return
    }
    const server = connect(this.#target)
    const link: Link = { client, server, writes: false, unread: Buffer.alloc(0) }
    this.#links.add(link)
    client.on('data', (data) => this.#fromClient(link, data))
    server.on('data', (data) => this.#fromServer(link, data))
    for (const socket of [client, server]) {
      socket.on('error', () => {})
      socket.on('close', () => this.#cut(link))
    }
  }

  #cut(link: Link): void {
    this.#links.delete(link)
    link.client.destroy()
    link.server.destroy()
  }

  #fromClient(link: Link, data: Buffer): void {
    if (WRITES.some((statement) => data.includes(statement))) link.writes = true
    const commits = data.includes('COMMIT\0') && link.writes
    if (commits && this.commit === 'is lost on the way there') {
      this.#lose(link)
      return
    }
    if (data.includes('COMMIT\0') && !commits) link.writes = false
    link.server.write(data)
  }

  #fromServer(link: Link, data: Buffer): void {
    link.unread = Buffer.concat([link.unread, data])
    while (link.unread.length >= 5) {
      const size = 1 + link.unread.readUInt32BE(1)
      if (link.unread.length < size) return
      const message = link.unread.subarray(0, size)
      link.unread = link.unread.subarray(size)
      if (link.writes && message.includes('COMMIT\0')) {
        link.writes = false
        if (this.commit === 'is lost on the way back') {
          this.#lose(link)
          return
        }
      }
      if (!(this.dropsNotifications && message[0] === NOTIFICATION)) link.client.write(message)
    }
  }

  #lose(link: Link): void {
    this.lost += 1
    this.#cut(link)
  }
}
