import type { Clock } from '../base/clock.js'
import type { Laggard, SyncedAnswer, SyncRow, SyncState } from '../insights/sync-report.js'
import { ENVOY_KINDS, ENVOY_TYPE_URL, type EnvoyKind } from '../wire/envoy-codec.js'
import type { MockProxy } from './proxy.js'

export interface FleetStatusOptions {
  readonly zone: string
  readonly proxies: () => Iterable<MockProxy>
  readonly clock: Clock
}

/** What proxies are asked again for while somebody waits: a fleet of thousands makes as many steps a second. */
const CHECK_EVERY_MS = 20

/** How far every proxy has got with what it was sent. What it was not sent yet, only its zone knows. */
export class FleetStatus {
  readonly #options: FleetStatusOptions
  readonly #waiting = new Set<() => void>()
  #checking = false

  constructor(options: FleetStatusOptions) {
    this.#options = options
  }

  /** To be called whenever a proxy connected, answered or went. */
  changed(): void {
    if (this.#waiting.size === 0 || this.#checking) return
    this.#checking = true
    this.#options.clock.after(CHECK_EVERY_MS, () => {
      this.#checking = false
      for (const check of [...this.#waiting]) check()
    })
  }

  /** Each proxy has its first configuration, or is one whose behaviour is to be slow or to refuse it. */
  get ready(): boolean {
    for (const proxy of this.#options.proxies()) {
      if (!proxy.live && (proxy.state !== 'streaming' || proxy.behaviour.stages.length === 0)) return false
    }
    return true
  }

  rows(): readonly SyncRow[] {
    return [...this.#options.proxies()].flatMap((proxy) => ENVOY_KINDS.flatMap((kind) => rowOf(proxy, kind)))
  }

  /** Resolves when every proxy is connected and has answered, without a refusal, what it received; or at the timeout with who has not. */
  async untilSynced(timeoutMs: number): Promise<SyncedAnswer> {
    return new Promise((resolve) => {
      const finish = (laggards: readonly Laggard[]) => {
        cancel()
        this.#waiting.delete(check)
        resolve({ synced: laggards.length === 0, laggards })
      }
      const check = () => {
        const laggards = this.#laggards()
        if (laggards.length === 0) finish(laggards)
      }
      const cancel = this.#options.clock.after(timeoutMs, () => finish(this.#laggards()))
      this.#waiting.add(check)
      check()
    })
  }

  #laggards(): readonly Laggard[] {
    return [...this.#options.proxies()].flatMap((proxy): readonly Laggard[] => {
      const component = `dp/${this.#options.zone}/${proxy.name}`
      const { whyOffline } = proxy
      if (whyOffline !== undefined) return [{ component, type: undefined, why: `is offline: ${whyOffline}` }]
      return ENVOY_KINDS.flatMap((kind): readonly Laggard[] => {
        const { state, why } = standingOf(proxy, kind)
        return state === 'SYNCED' ? [] : [{ component, type: ENVOY_TYPE_URL[kind], why: why ?? state }]
      })
    })
  }
}

interface Standing {
  readonly state: SyncState
  readonly why: string | undefined
}

function rowOf(proxy: MockProxy, kind: EnvoyKind): readonly SyncRow[] {
  const { configuration, whyOffline, messageAgeMs } = proxy
  // Nobody asks for secrets where no identity is on.
  const concerned = kind === 'cluster' || kind === 'listener' || configuration.wanted[kind].size > 0
  if (!concerned) return []
  const { state, why } = whyOffline === undefined ? standingOf(proxy, kind) : offline(whyOffline)
  const peer = `${proxy.mesh}/${proxy.name}`
  return [{ tenant: '', peer, type: ENVOY_TYPE_URL[kind], state, behind: undefined, messageAgeMs, detail: why }]
}

function offline(why: string): Standing {
  return { state: 'OFFLINE', why }
}

function standingOf({ configuration, applying }: MockProxy, kind: EnvoyKind): Standing {
  const [refused] = configuration.refused(kind).values()
  if (refused) return { state: 'NACKED', why: `refused ${refused.resource.name}: ${refused.reason}` }
  const missing = missingOf(configuration, kind)
  if (applying.has(kind)) return { state: 'PENDING', why: 'has not answered' }
  return missing === undefined ? { state: 'SYNCED', why: undefined } : { state: 'PENDING', why: missing }
}

function missingOf(configuration: MockProxy['configuration'], kind: EnvoyKind): string | undefined {
  if (kind === 'cluster' || kind === 'listener') {
    const [warming] = kind === 'cluster' ? configuration.warming.keys() : []
    if (warming !== undefined) return `cluster ${warming} waits for its endpoints`
    return configuration.counts(kind).updatedAtMs === 0 ? 'has been sent nothing yet' : undefined
  }
  for (const name of configuration.wanted[kind]) {
    if (!configuration.active(kind).has(name)) return `${name} has not been sent`
  }
  return undefined
}
