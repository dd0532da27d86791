import { AppError } from '../base/errors.js'
import type { ResourceType } from '../model/registry.js'
import { keyText, type Resource, type ResourceKey } from '../model/resource.js'
import { isTokenSecret } from './token-secrets.js'

/** What the mirror asks of a tenant's store: one consistent read and the change feed. */
export interface SecretSource {
  listAll(types: readonly ResourceType[]): Promise<SecretListing>
  watch(listener: (commit: SecretCommit) => void): () => void
}

export interface SecretListing {
  readonly head: { readonly epoch: string; readonly revision: number }
  readonly resources: readonly Resource[]
}

export interface SecretCommit {
  readonly epoch: string
  readonly revision: number
  readonly changes: readonly { readonly key: ResourceKey; readonly after: Resource | undefined }[]
}

type Secrets = Map<string, Resource>

/** What the feed told while the first read was under way, applied over it where newer. One entry a secret. */
interface Missed {
  epoch: string | undefined
  readonly changes: Map<string, { readonly revision: number; readonly after: Resource | undefined }>
}

type State =
  | { readonly kind: 'cold' }
  | { readonly kind: 'loading'; readonly missed: Missed; readonly loaded: Promise<Secrets> }
  | { readonly kind: 'warm'; readonly epoch: string; readonly secrets: Secrets }
  | { readonly kind: 'closed' }

/**
 * One tenant's signing keys and revocation lists in memory, kept true by the change feed: authentication reads the store
 * once. A key that is added, rotated or deleted, and a token that is revoked, count from the commit on. A failed read is
 * `unavailable` and tried again by the next caller; it never counts as "no such secret".
 */
export class SecretMirror {
  readonly #source: SecretSource
  readonly #unwatch: () => void
  #state: State = { kind: 'cold' }

  constructor(source: SecretSource) {
    this.#source = source
    this.#unwatch = source.watch((commit) => this.#follow(commit))
  }

  async get(key: ResourceKey): Promise<Resource | undefined> {
    return (await this.#secrets()).get(keyText(key))
  }

  /** The token secrets of one scope, in no particular order. */
  async list(type: ResourceType, mesh: string | undefined): Promise<readonly Resource[]> {
    return [...(await this.#secrets()).values()].filter((secret) => secret.type === type && secret.mesh === mesh)
  }

  /** Ends following the feed; whoever asks afterwards gets `unavailable`, not an answer that may be stale. */
  close(): void {
    this.#unwatch()
    this.#state = { kind: 'closed' }
  }

  #secrets(): Promise<Secrets> | Secrets {
    switch (this.#state.kind) {
      case 'closed':
        throw new AppError('unavailable', 'this control plane is shutting down; try again')
      case 'warm':
        return this.#state.secrets
      case 'loading':
        return this.#state.loaded
      case 'cold': {
        const missed: Missed = { epoch: undefined, changes: new Map() }
        const loaded = this.#load(missed)
        this.#state = { kind: 'loading', missed, loaded }
        return loaded
      }
    }
  }

  async #load(missed: Missed): Promise<Secrets> {
    let listing: SecretListing
    try {
      listing = await this.#source.listAll(['GlobalSecret', 'Secret'])
    } catch (cause) {
      if (this.#isLoading(missed)) this.#state = { kind: 'cold' }
      throw new AppError('unavailable', 'the signing keys and revocation lists cannot be read now; try again', {
        cause,
      })
    }
    // Heard of a later epoch while reading: what was read is of a tenant that is gone.
    if (missed.epoch !== undefined && missed.epoch !== listing.head.epoch) return this.#load(missed)
    const secrets: Secrets = new Map()
    for (const resource of listing.resources) put(secrets, resource, resource)
    for (const [text, { revision, after }] of missed.changes) {
      if (revision <= listing.head.revision) continue
      if (after === undefined) secrets.delete(text)
      else secrets.set(text, after)
    }
    if (this.#isLoading(missed)) this.#state = { kind: 'warm', epoch: listing.head.epoch, secrets }
    return secrets
  }

  /** False once the mirror was closed or has started over meanwhile. */
  #isLoading(missed: Missed): boolean {
    return this.#state.kind === 'loading' && this.#state.missed === missed
  }

  #follow(commit: SecretCommit): void {
    const state = this.#state
    if (state.kind === 'warm' && commit.epoch !== state.epoch) this.#state = { kind: 'cold' }
    else if (state.kind === 'warm') for (const { key, after } of commit.changes) put(state.secrets, key, after)
    else if (state.kind === 'loading') remember(state.missed, commit)
  }
}

function remember(missed: Missed, { epoch, revision, changes }: SecretCommit): void {
  if (missed.epoch !== epoch) missed.changes.clear()
  missed.epoch = epoch
  for (const { key, after } of changes) if (isTokenSecret(key)) missed.changes.set(keyText(key), { revision, after })
}

function put(secrets: Secrets, key: ResourceKey, after: Resource | undefined): void {
  if (!isTokenSecret(key)) return
  if (after === undefined) secrets.delete(keyText(key))
  else secrets.set(keyText(key), after)
}
