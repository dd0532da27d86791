import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Agent as HttpAgent, request as httpRequest } from '../../base/node-http.js'

/** As many writes as may be on their way at once; each takes a connection. */
const SOCKETS_MAX = 64

/**
 * `fetch` as far as our API client uses it, over connections that stay open, trusting a CA of one's own: the platform's
 * can be given none. `caPem` undefined: the system's.
 */
export function keptFetch(caPem: string | undefined): typeof fetch {
  const options = { keepAlive: true, maxSockets: SOCKETS_MAX }
  const http = new HttpAgent(options)
  const https = new HttpsAgent({ ...options, ...(caPem !== undefined && { ca: caPem }) })
  return (input, init = {}) => {
    const url = new URL(String(input))
    const secure = url.protocol === 'https:'
    const body = typeof init.body === 'string' ? init.body : undefined
    const headers: Record<string, string> = {
      ...(init.headers as Record<string, string> | undefined),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    }
    return new Promise((resolve, reject) => {
      const send = secure ? httpsRequest : httpRequest
      const asked = send(
        url,
        {
          method: init.method ?? 'GET',
          headers,
          agent: secure ? https : http,
          ...(init.signal && { signal: init.signal }),
        },
        (answer) => void wholeAnswer(answer).then(resolve, reject),
      )
      asked.on('error', reject)
      asked.end(body)
    })
  }
}

/** Statuses whose answers have no body; a Response with one of them takes none. */
const NO_BODY = [204, 304]

async function wholeAnswer(answer: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const status = answer.statusCode ?? 500
  return new Response(NO_BODY.includes(status) ? null : Buffer.concat(chunks), { status })
}
