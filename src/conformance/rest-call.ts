import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../base/clock.js'
import { isJsonObject, parseJson } from '../model/json.js'
import type { Answer } from './answer.js'
import type { Field } from './call-draft.js'
import type { ApiEndpoint } from './controller.js'
import { shownField, withoutCredentials } from './redaction.js'
import type { Exchange } from './result.js'

export interface RestRequest {
  readonly api: ApiEndpoint
  readonly method: string
  /** Behind the base path of the API. */
  readonly path: string
  readonly body: object | undefined
  readonly fields: readonly Field[]
  /** Statuses that this endpoint refuses with, beside those that every one does. */
  readonly refusals?: ReadonlyMap<number, Answer>
  readonly clock: Clock
  readonly deadlineMs: number
}

/** An answer of this size is none that is read further. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024
const HANDSHAKE_WITHIN_MS = 10_000

/** One HTTP/1.1 request on a connection of its own, its fields as they are, legal or not: node:http refuses some. */
export async function restCall(
  request: RestRequest,
): Promise<{ readonly exchange: Exchange; readonly rawText: string }> {
  const { api, method, path, fields, refusals, clock } = request
  const url = new URL(`${api.url.replace(/\/$/, '')}${path}`)
  const startedMs = clock.monotonicMs()
  const said = await sent(url, request)
  const [head = '', rawText = ''] = said.text.split(/\r\n\r\n(.*)/s)
  const [statusLine = ''] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0)
  const answer = status === 0 ? said.otherwise : (refusals?.get(status) ?? answerOf(status))
  const text = answer === 'OK' ? '' : status === 0 ? said.why : `HTTP ${status}: ${reasonOf(rawText)}`
  const asked: readonly Field[] = [[':method', method], [':path', url.pathname], ...fields]
  const exchange: Exchange = {
    path: url.pathname,
    metadata: asked.map(shownField),
    frames: [`> ${method} ${url.pathname} HTTP/1.1`, `< ${statusLine === '' ? said.why : statusLine}`],
    answer,
    ...(status !== 0 && { status }),
    text: withoutCredentials(text, fields),
    elapsedMs: clock.monotonicMs() - startedMs,
  }
  return { exchange, rawText: answer === 'OK' ? '' : said.text }
}

interface Said {
  readonly text: string
  /** When it said nothing that is HTTP: what that is, and why. */
  readonly otherwise: 'CONNECTION' | 'TIMEOUT'
  readonly why: string
}

/** Of the API's certificate; undefined without TLS, and where no handshake comes about: calls then say why. */
export function apiFingerprint({ url: text, caPem }: ApiEndpoint, clock: Clock): Promise<string | undefined> {
  const url = new URL(text)
  if (url.protocol !== 'https:') return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const socket = connectTls({ ...placeOf(url), ...(caPem !== undefined && { ca: caPem }) })
    const settle = (fingerprint: string | undefined) => {
      cancel()
      socket.destroy()
      resolve(fingerprint)
    }
    const cancel = clock.after(HANDSHAKE_WITHIN_MS, () => settle(undefined))
    socket.on('secureConnect', () => settle(socket.getPeerCertificate().fingerprint256))
    socket.on('error', () => settle(undefined))
  })
}

/** What a socket is told of a URL: an IPv6 address without its brackets. */
function placeOf({ hostname, port, protocol }: URL): { readonly host: string; readonly port: number } {
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) || (protocol === 'https:' ? 443 : 80) }
}

function sent(url: URL, { api, method, body, fields, clock, deadlineMs }: RestRequest): Promise<Said> {
  const content = body === undefined ? '' : JSON.stringify(body)
  const tls = url.protocol === 'https:'
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (otherwise: Said['otherwise'], why: string) => {
      cancel()
      socket.destroy()
      resolve({ text: Buffer.concat(chunks).toString('latin1'), otherwise, why })
    }
    const socket: Socket = tls
      ? connectTls({ ...placeOf(url), ...(api.caPem !== undefined && { ca: api.caPem }) })
      : connectPlain(placeOf(url))
    const cancel = clock.after(deadlineMs, () => settle('TIMEOUT', `no answer within ${deadlineMs} ms`))
    socket.on(tls ? 'secureConnect' : 'connect', () => socket.write(requestBytes(method, url, fields, content)))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX) settle('CONNECTION', 'an answer without end')
    })
    socket.on('error', (error) => settle('CONNECTION', error.message))
    socket.on('close', () => settle('CONNECTION', 'the connection was closed'))
  })
}

function requestBytes(method: string, url: URL, fields: readonly Field[], content: string): Buffer {
  const lines: readonly Field[] = [
    ['host', url.host],
    ['connection', 'close'],
    ['accept', 'application/json'],
    ...(content === '' ? [] : ([['content-type', 'application/json']] as const)),
    ['content-length', String(Buffer.byteLength(content))],
    ...fields,
  ]
  return Buffer.concat([
    Buffer.from(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n`),
    ...lines.flatMap(([name, value]) => [
      Buffer.from(`${name}: `),
      typeof value === 'string' ? Buffer.from(value, 'utf8') : value,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`\r\n${content}`),
  ])
}

/** What a status is among the answers of calls; a request that is no HTTP is refused below the API. */
function answerOf(status: number): Answer {
  if (status >= 200 && status < 300) return 'OK'
  return ANSWER_OF_STATUS.get(status) ?? 'OTHER'
}

const ANSWER_OF_STATUS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [400, 'CONNECTION'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [413, 'CONNECTION'],
  [429, 'RESOURCE_EXHAUSTED'],
  [431, 'CONNECTION'],
  [503, 'UNAVAILABLE'],
])

/** Bodies may be in chunks; what is between the outermost braces is enough for a reason. */
function reasonOf(body: string): string {
  try {
    const value = parseJson(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1))
    if (isJsonObject(value)) return String(value.detail ?? value.title ?? 'without a reason').slice(0, 300)
  } catch {
    // A reason is for people; one that cannot be read is none.
  }
  return 'without a reason'
}
