import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { World } from './world.js'

export interface Seen {
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** What `/slow` takes. */
export const SLOW_MS = 1_500

/** A service behind a sidecar: says its name, slowly at `/slow`, and at `/flaky` only every second time. */
export class Application {
  readonly port: number
  readonly seen: Seen[]

  private constructor(port: number, seen: Seen[]) {
    this.port = port
    this.seen = seen
  }

  static async start(world: World, name: string): Promise<Application> {
    const seen: Seen[] = []
    let flaky = 0
    const server = createServer((request, response) => {
      const path = request.url ?? ''
      seen.push({ path, headers: request.headers })
      const answer = async () => {
        if (path.startsWith('/slow')) await pause(SLOW_MS)
        if (path.startsWith('/flaky')) flaky += 1
        response.statusCode = path.startsWith('/flaky') && flaky % 2 === 1 ? 503 : 200
        response.end(name)
      }
      void answer()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    world.onStop(async () => {
      server.closeAllConnections()
      server.close()
    })
    return new Application((server.address() as AddressInfo).port, seen)
  }
}

export interface Called {
  readonly status: number
  readonly body: string
  readonly headers: Headers
}

/** A request to a sidecar's outbound, as its application would make it. */
export async function call(port: number, path = '/', headers: Record<string, string> = {}): Promise<Called> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: 'close', ...headers },
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })
  return { status: answer.status, body: await answer.text(), headers: answer.headers }
}
