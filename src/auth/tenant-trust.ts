import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { ResourceKey } from '../model/resource.js'
import type { IssuerPorts } from './issue.js'
import { chainKeyrings } from './keyring.js'
import { storeRevocations } from './revocations.js'
import { SecretMirror, type SecretSource } from './secret-mirror.js'
import { type ConfiguredKey, type PublicKeyEntry, readPublicKeys, staticKeyring } from './static-keyring.js'
import { StoreKeyring } from './store-keyring.js'
import {
  dataplaneKeys,
  dataplaneRevocations,
  type KeyPlace,
  USER_KEYS,
  USER_REVOCATIONS,
  ZONE_KEYS,
  ZONE_REVOCATIONS,
} from './token-secrets.js'
import type { TokenTrust } from './verify.js'

/** Where the keys come from under which a kind of token holds: the configuration's are asked first, as in Kuma. */
export interface KeySource {
  readonly useSecrets: boolean
  readonly publicKeys: readonly ConfiguredKey[]
}

export type TokenSources = Readonly<Record<'zone' | 'user' | 'dataplane', KeySource>>

export interface TenantTrustOptions {
  readonly store: SecretSource
  /** Default: secrets alone. */
  readonly sources?: TokenSources
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * One control plane's keys and revocation lists, per kind of token. Kinds never share a key: a zone token is no user
 * token even when its claims would do (auth.md finding 10).
 */
export class TenantTrust {
  readonly zone: TokenTrust
  readonly user: TokenTrust
  readonly #options: TenantTrustOptions
  readonly #dataplaneSource: KeySource
  readonly #dataplaneKeys: readonly PublicKeyEntry[]
  readonly #mirror: SecretMirror

  constructor(options: TenantTrustOptions) {
    this.#options = options
    this.#mirror = new SecretMirror(options.store)
    const { zone, user, dataplane } = options.sources ?? SECRETS_ALONE
    this.zone = this.#trust(ZONE_KEYS, ZONE_REVOCATIONS, zone, readPublicKeys(zone.publicKeys))
    this.user = this.#trust(USER_KEYS, USER_REVOCATIONS, user, readPublicKeys(user.publicKeys))
    this.#dataplaneSource = dataplane
    this.#dataplaneKeys = readPublicKeys(dataplane.publicKeys)
  }

  /** Made anew for each call: sidecars state any mesh name, and none of them may take memory. */
  dataplane(mesh: string): TokenTrust {
    return this.#trust(dataplaneKeys(mesh), dataplaneRevocations(mesh), this.#dataplaneSource, this.#dataplaneKeys)
  }

  /** For issuing tokens signed with the newest key of a place. */
  issuer(place: KeyPlace): IssuerPorts {
    const { clock, random } = this.#options
    return { keys: this.#keyring(place), clock, random }
  }

  close(): void {
    this.#mirror.close()
  }

  #trust(
    place: KeyPlace,
    revocations: ResourceKey,
    { useSecrets }: KeySource,
    configured: readonly PublicKeyEntry[],
  ): TokenTrust {
    const fixed = staticKeyring(configured, place.mesh)
    const keys = useSecrets ? chainKeyrings(fixed, this.#keyring(place)) : fixed
    return { keys, revocations: storeRevocations(this.#mirror, revocations) }
  }

  #keyring(place: KeyPlace): StoreKeyring {
    return new StoreKeyring(this.#mirror, place, this.#options.log)
  }
}

const SECRETS: KeySource = { useSecrets: true, publicKeys: [] }
const SECRETS_ALONE: TokenSources = { zone: SECRETS, user: SECRETS, dataplane: SECRETS }
