import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Answered {
  readonly status: number
  readonly body?: object
}

/** A REST API that knows these requests, such as `GET /zones`, and has nothing else. The query is not looked at. */
export async function fakeApi(answers: Readonly<Record<string, Answered>>): Promise<string> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?')
    const { status, body = {} } = answers[`${request.method} ${path}`] ?? { status: 404 }
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
