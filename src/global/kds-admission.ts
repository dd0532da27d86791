import { type AdmissionChange, AdmissionTable } from '../auth/admission-table.js'
import { isLoopbackHost } from '../auth/localhost.js'
import { openZoneAuthenticator } from '../auth/open-zone-authenticator.js'
import { RefusalThrottle } from '../auth/refusal-throttle.js'
import { SatAuthenticator } from '../auth/sat-authenticator.js'
import type { TokenTrust } from '../auth/verify.js'
import { ZoneAdmission } from '../auth/zone-admission.js'
import type { ZoneAuthenticator } from '../auth/zone-authenticator.js'
import type { Tenancy } from '../auth/zone-call.js'
import { ZoneTokenAuthenticator } from '../auth/zone-token-authenticator.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import type { Random } from '../base/random.js'
import { DEFAULT_TENANT, type TenantId } from '../model/tenant.js'
import type { TenantStore } from '../store/store.js'
import type { GlobalConfig } from './config.js'
import { OpenStreams } from './open-streams.js'
import { PlatformEvents } from './platform-events.js'
import { PlatformFeed } from './platform-feed.js'
import { checkPlatformTarget } from './platform-target.js'
import { RefusedZones } from './refused-zones.js'
import type { Sessions } from './sessions.js'
import type { TenantDirectory } from './tenant-directory.js'

export interface KdsAdmissionOptions {
  readonly config: GlobalConfig
  readonly tenants: () => TenantDirectory
  readonly sessions: Sessions
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
}

/** Who gets onto KDS and stays: puts the authenticators of a mode together with what keeps them true. */
export class KdsAdmission implements Component {
  readonly name = 'kds-admission'
  readonly authenticator: ZoneAuthenticator
  readonly refused: RefusedZones
  readonly #options: KdsAdmissionOptions
  readonly #table = new AdmissionTable()
  readonly #openStreams: OpenStreams
  readonly #platform: { readonly feed: PlatformFeed; readonly events: PlatformEvents } | undefined

  constructor(options: KdsAdmissionOptions) {
    this.#options = options
    const { config, sessions, clock, log } = options
    this.refused = new RefusedZones(clock)
    this.#platform = config.kdsAuth === 'sat' ? this.#reachPlatform() : undefined
    const admission = config.kdsAuth === 'none' ? undefined : this.#admission()
    this.authenticator = admission ?? this.#openAuthenticator()
    this.#openStreams = new OpenStreams({
      policy: config.openStreams,
      provisioned: config.kdsAuth === 'sat',
      sessions,
      recheck: async (peer) => admission?.recheck(peer),
      isKnown: (tenant) => this.#table.controlPlane(tenant) !== undefined,
      clock,
      log,
    })
    sessions.observe(this.#openStreams)
  }

  /** Of every control plane of this process. */
  watch(store: TenantStore): void {
    store.watch((commit) => {
      this.#openStreams.onCommit(store.tenant, commit)
      this.#platform?.events.onCommit(store.tenant, commit)
    })
  }

  /** Throws `guard-rail` for what would let anybody in the network in, or show them tokens. */
  async start(): Promise<void> {
    const { log, config } = this.#options
    checkExposure(config, log)
    if (!this.#platform) return
    const { admissionMaxAgeMs } = config
    log.info('what the platform says of access tokens counts for so long', { admissionMaxAgeMs })
    await this.#platform.events.start()
    await this.#platform.feed.start()
  }

  async stop(): Promise<void> {
    this.#openStreams.stop()
    await this.#platform?.feed.stop()
    await this.#platform?.events.stop()
  }

  #reachPlatform() {
    const { config, clock, random, log } = this.#options
    const target = { url: config.platformUrl, caFile: config.platformCaFile, tokenFile: config.platformTokenFile }
    checkPlatformTarget(target)
    const ports = { target, table: this.#table, clock, random, log }
    const onChange = (change: AdmissionChange) => this.#openStreams.onAdmissionChanged(change)
    return { feed: new PlatformFeed({ ...ports, onChange }), events: new PlatformEvents(ports) }
  }

  #admission(): ZoneAdmission {
    const { config, clock, log, metrics } = this.#options
    const { kdsAuth, tenants: several, refusalsPerSecond } = this.#options.config
    const withPlatform = kdsAuth === 'sat'
    return new ZoneAdmission({
      tenancy: this.#tenancy,
      zoneTokens: new ZoneTokenAuthenticator({
        trust: { find: (id) => this.#zoneTrust(id) },
        refusals: several || withPlatform ? 'generic' : 'detailed',
        audienceIsTenant: config.zoneTokenAudience,
        leewayMs: config.zoneTokenLeewayMs,
        clock,
      }),
      ...(withPlatform && {
        accessTokens: new SatAuthenticator({
          table: this.#table,
          ageMsMax: config.admissionMaxAgeMs,
          keepsStream: ({ tenant, zone }, digest) => this.#hasStream(tenant, zone, digest),
          clock,
        }),
        isSuspended: (id: TenantId) => (this.#table.controlPlane(id)?.organizationState ?? 'active') !== 'active',
      }),
      observers: [this.refused, ...(this.#platform ? [this.#platform.events] : [])],
      throttle: new RefusalThrottle({ clock, perSecond: refusalsPerSecond }),
      log,
      metrics,
    })
  }

  #openAuthenticator(): ZoneAuthenticator {
    const { tenants, log } = this.#options
    return openZoneAuthenticator({ tenancy: this.#tenancy, exists: (id) => tenants().find(id) !== undefined, log })
  }

  get #tenancy(): Tenancy {
    const { tenants: several, cpIdHeader, platformTokenFile } = this.#options.config
    const ids = platformTokenFile === '' ? 'names' : 'uuids'
    return { fallback: several ? undefined : DEFAULT_TENANT, cpIdHeader, ids }
  }

  /** A control plane whose zones may present access tokens only has no trust in zone tokens: theirs are as anyone's. */
  #zoneTrust(id: TenantId): TokenTrust | undefined {
    const { tenants, config, clock } = this.#options
    const trust = tenants().find(id)?.trust.zone
    if (config.kdsAuth !== 'sat') return trust
    if (this.#table.ageMs(clock.monotonicMs()) === undefined) {
      throw new AppError('unavailable', 'what this control plane takes is not known yet; try again')
    }
    return this.#table.controlPlane(id)?.zoneCredentials === 'sat' ? undefined : trust
  }

  #hasStream(tenant: TenantId, zone: string, digest: string): boolean {
    return this.#options.sessions.ofToken(digest).some((session) => session.tenant === tenant && session.zone === zone)
  }
}

function checkExposure({ kdsAuth, kdsTls, listen, insecure }: GlobalConfig, log: Logger): void {
  if (kdsAuth !== 'none' && kdsTls) return
  const what = kdsAuth === 'none' ? 'zones are not authenticated' : 'tokens of zones arrive without TLS'
  if (isLoopbackHost(listen) || insecure) {
    if (kdsAuth !== 'none') log.warn(`${what}: whoever sees the traffic can act as them`)
    return
  }
  throw new AppError('guard-rail', `${what}, and ${listen} is open to others; add --insecure true if that is meant`)
}
