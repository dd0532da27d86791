import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Hop } from '../base/hops.js'
import type { SyncedAnswer, SyncRow } from '../insights/sync-report.js'
import { placeOf } from './components.js'
import type { ControlPlanes } from './shards.js'

export interface DiagnosticsTarget {
  /** Component: `global`, `zone-2`, `dataplanes/zone-2`. */
  readonly name: string
  /** That the component is in; undefined for the global, which has all. */
  readonly tenant: string | undefined
  /** Zone that the component is in; '' for the global. */
  readonly zone: string
  /** `http://host:port` of the process's diagnostics. */
  readonly url: string
  readonly token: string
  /** By the name that the lab knows them by; absent: they are called what they are. */
  readonly controlPlanes?: ControlPlanes
}

/** How much longer than the wait itself an answer may take; a process that is stopped never gives one. */
const ANSWER_GRACE_MS = 1_000
/** What takes effect at once is answered at once. */
const ASK_WITHIN_MS = 5_000
/** One request waits at most this long, below the five minutes after which Node gives up on a silent answer. */
const WAIT_SLICE_MS = 60_000

/** What a process of the lab tells on its diagnostics port. */
export class DiagnosticsClient {
  readonly name: string
  readonly tenant: string | undefined
  readonly zone: string
  readonly #target: DiagnosticsTarget
  readonly #tenantNames: ReadonlyMap<string, string>
  readonly #clock: Clock

  constructor(target: DiagnosticsTarget, clock: Clock) {
    this.name = target.name
    this.tenant = target.tenant
    this.zone = target.zone
    this.#target = target
    this.#tenantNames = new Map(Object.entries(target.controlPlanes ?? {}).map(([name, { id }]) => [id, name]))
    this.#clock = clock
  }

  /** Whether it answers at all within the time. */
  async answers(timeoutMs: number): Promise<boolean> {
    try {
      return (await this.#get('/healthy', Math.max(timeoutMs, 1))).ok
    } catch {
      return false
    }
  }

  async status<T>(timeoutMs: number): Promise<T> {
    return this.#read<T>(await (await this.#get('/status', timeoutMs)).text())
  }

  /** One request with a body or none; the answer is JSON. Throws `unavailable`. */
  async ask<T>(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T> {
    return (await (await this.#get(path, ASK_WITHIN_MS, method, body)).json()) as T
  }

  /** Of a global: the places of the zones that it knows. */
  async zonesSeen(timeoutMs: number): Promise<ReadonlySet<string>> {
    const { zones } = await this.status<{ zones: readonly SyncRow[] }>(Math.max(timeoutMs, ANSWER_GRACE_MS))
    return new Set(zones.map(({ tenant, peer }) => placeOf(tenant, peer)))
  }

  /**
   * Resolves when all of its peers have acknowledged what was newest for them when this was called, or at the timeout.
   * Throws `unavailable` when there is no answer. Of a global, with a tenant: of its zones.
   */
  async untilSynced(timeoutMs: number, tenant?: string): Promise<SyncedAnswer> {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs
    const id = tenant === undefined ? undefined : (this.#target.controlPlanes?.[tenant]?.id ?? tenant)
    const only = id === undefined ? '' : `&tenant=${encodeURIComponent(id)}`
    for (;;) {
      const leftMs = Math.max(0, Math.floor(deadlineMs - this.#clock.monotonicMs()))
      const waitMs = Math.min(leftMs, WAIT_SLICE_MS)
      const response = await this.#get(`/synced?timeoutMs=${waitMs}${only}`, waitMs + ANSWER_GRACE_MS)
      const answer = this.#read<SyncedAnswer>(await response.text())
      if (answer.synced || waitMs === leftMs) return answer
    }
  }

  /** Calls for each hop until the signal aborts. Resolves once the stream is open; `end` when it is over. */
  async hops(onHop: (hop: Hop) => void, signal: AbortSignal): Promise<{ readonly end: Promise<void> }> {
    const response = await this.#fetch('/hops', signal)
    return { end: readLines(response, (line) => onHop(this.#read<Hop>(line))) }
  }

  /** Processes know control planes by their ids, people by their names. */
  #read<T>(text: string): T {
    return JSON.parse(text, (key, value: unknown) =>
      key === 'tenant' && typeof value === 'string' ? (this.#tenantNames.get(value) ?? value) : value,
    ) as T
  }

  async #get(path: string, withinMs: number, method = 'GET', body?: object): Promise<Response> {
    const abort = new AbortController()
    const cancel = this.#clock.after(withinMs, () => abort.abort())
    try {
      const response = await this.#fetch(path, abort.signal, method, body)
      const text = await response.text()
      return new Response(text, { status: response.status })
    } finally {
      cancel()
    }
  }

  async #fetch(path: string, signal: AbortSignal, method = 'GET', body?: object): Promise<Response> {
    const { url, token, name } = this.#target
    let response: Response
    try {
      const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }
      response = await fetch(`${url}${path}`, { method, headers, signal, ...(body && { body: JSON.stringify(body) }) })
    } catch (cause) {
      throw new AppError('unavailable', `${name}: its diagnostics do not answer`, { cause })
    }
    if (!response.ok) throw new AppError('unavailable', `${name}: its diagnostics answer HTTP ${response.status}`)
    return response
  }
}

async function readLines(response: Response, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') onLine(line)
    }
  } catch {
    // The reader went away, or the process did: either way there are no more hops.
  }
}
