import type { Clock } from '../base/clock.js'
import { AppError, type ErrorCode } from '../base/errors.js'
import { DEFAULT_TENANT } from '../model/tenant.js'
import { nameOfPath } from './resource-paths.js'

export interface ApiTarget {
  /** `http://host:port` of a control plane's REST API. */
  readonly url: string
  /** For messages: `global`, `zone-2`. */
  readonly name: string
  /** Read for each request, since a restart may have replaced it; undefined: none is sent. */
  readonly token: () => string | undefined
  /** Control plane; undefined or the default one: the bare path. */
  readonly tenant: string | undefined
  /** Instead of the platform's fetch: for a CA of one's own, and for many requests a second. */
  readonly fetch?: typeof fetch
}

export interface Written {
  readonly created: boolean
  readonly warnings: readonly string[]
}

interface Problem {
  readonly title?: string
  readonly detail?: string
  readonly invalid_parameters?: readonly { readonly field: string; readonly reason: string }[]
}

/** The slowest honest answer, a write that waits for a loaded disk, takes a tenth of it. */
const ANSWER_WITHIN_MS = 30_000

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-resource',
  401: 'unauthenticated',
  403: 'permission-denied',
  404: 'not-found',
  405: 'method-not-allowed',
  409: 'version-conflict',
  413: 'too-large',
  429: 'overloaded',
  503: 'unavailable',
  507: 'store-full',
}

/** Kuma's REST API, as much of it as the lab needs. Throws AppErrors that name the control plane and what it said. */
export class ApiClient {
  readonly #target: ApiTarget
  readonly #clock: Clock

  constructor(target: ApiTarget, clock: Clock) {
    this.#target = target
    this.#clock = clock
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.#ask('GET', path)).json()) as T
  }

  /** All items of a list, page by page. */
  async list<T>(path: string): Promise<T[]> {
    const items: T[] = []
    for (let offset: string | undefined = '0'; offset !== undefined; ) {
      const page: { items: T[]; next: string | null } = await this.get(
        `${path}${path.includes('?') ? '&' : '?'}${pageQuery(offset)}`,
      )
      items.push(...page.items)
      offset = page.next === null ? undefined : (new URL(page.next).searchParams.get('offset') ?? undefined)
    }
    return items
  }

  async put(path: string, body: unknown): Promise<Written> {
    const answer = await this.#ask('PUT', path, body)
    const { warnings = [] } = (await answer.json()) as { warnings?: readonly string[] }
    return { created: answer.status === 201, warnings }
  }

  async post<T>(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    return (await (await this.#ask('POST', path, body, headers)).json()) as T
  }

  async patch(path: string, body: unknown): Promise<void> {
    await this.#ask('PATCH', path, body)
  }

  async delete(path: string): Promise<void> {
    await this.#ask('DELETE', path)
  }

  /** For token endpoints, whose answer is plain text. */
  async postForText(path: string, body: unknown): Promise<string> {
    return (await this.#ask('POST', path, body)).text()
  }

  async #ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { url, tenant, name, fetch: ask = fetch } = this.#target
    const base = tenant === undefined || tenant === DEFAULT_TENANT ? '' : `/v1/mesh/control-planes/${tenant}/api`
    const token = this.#target.token()
    const abort = new AbortController()
    const cancel = this.#clock.after(ANSWER_WITHIN_MS, () => abort.abort())
    let response: Response
    try {
      response = await ask(`${url}${base}${path}`, {
        method,
        headers: {
          ...headers,
          accept: 'application/json, text/plain',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: abort.signal,
      })
    } catch (cause) {
      const untrusted = whyUntrusted(cause)
      if (untrusted !== undefined)
        throw new AppError('unavailable', `${name} at ${url} is not trusted: ${untrusted}`, { cause })
      const why = abort.signal.aborted ? `gave no answer in ${ANSWER_WITHIN_MS / 1_000} s` : 'cannot be reached'
      throw new AppError('unavailable', `${name} ${why} at ${url}`, { cause })
    } finally {
      cancel()
    }
    if (!response.ok) throw await refusal(name, response, method, path)
    return response
  }
}

/** The codes that Node gives for a certificate that it does not take: of an authority that it does not know, of another host, too old. */
function whyUntrusted(thrown: unknown): string | undefined {
  // The platform's fetch wraps what went wrong.
  const { code, message, cause } = thrown as NodeJS.ErrnoException
  if (/CERT|SIGNATURE/.test(code ?? '')) return message
  return cause === undefined ? undefined : whyUntrusted(cause)
}

/** The most that Kuma gives at once. */
const PAGE_SIZE = 1_000

function pageQuery(offset: string): string {
  return offset === '0' ? `size=${PAGE_SIZE}` : `size=${PAGE_SIZE}&offset=${encodeURIComponent(offset)}`
}

async function refusal(name: string, response: Response, method: string, path: string): Promise<AppError> {
  const text = await response.text()
  const code = CODES[response.status] ?? 'internal'
  const problem = parseProblem(text)
  const violations = problem.invalid_parameters ?? []
  const [first] = violations
  const said = first ? violations.map(describe).join('; ') : (problem.detail ?? problem.title ?? firstLine(text))
  const what = code === 'not-found' && said === NOT_FOUND ? `${missing(method, path)} is not there` : said
  return new AppError(code, `${name}: ${what || `HTTP ${response.status}`}`, { violations })
}

/** Kuma's whole sentence for what is not there. */
const NOT_FOUND = 'Not found'

/** A write makes what it names, so that only the mesh around it can be missing. */
function missing(method: string, path: string): string {
  const [, mesh] = /^\/meshes\/([^/]+)\//.exec(path) ?? []
  return method === 'PUT' && mesh !== undefined ? `mesh "${mesh}"` : nameOfPath(path)
}

function describe({ field, reason }: { field: string; reason: string }): string {
  return field === '' ? reason : `${field}: ${reason}`
}

function parseProblem(text: string): Problem {
  try {
    return JSON.parse(text) as Problem
  } catch {
    return {}
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
