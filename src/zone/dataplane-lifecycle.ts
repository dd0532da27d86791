import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { newestOpen } from '../insights/subscription-list.js'
import { computeLabels } from '../model/compute-labels.js'
import { isJsonObject, type JsonObject, parseJson } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import { checkName } from '../model/names.js'
import { type ResourceDraft, type ResourceKey, specOf } from '../model/resource.js'
import { validateSpec } from '../model/validation.js'
import type { TenantStore } from '../store/store.js'
import { canonicalProtoSpec } from '../wire/spec-codec.js'

export interface DataplaneLifecycleOptions {
  readonly store: TenantStore
  readonly zone: string
  readonly instanceId: string
  readonly clock: Clock
  readonly log: Logger
  /** How long a sidecar may be away before the Dataplane that it brought is deleted (Kuma: 10 s). */
  readonly graceMs: number
}

/**
 * Dataplanes that sidecars bring along in their bootstrap or first xDS request: made when one connects, deleted when it
 * has been away for a while. Dataplanes that someone else made are never deleted (dataplane.md §1.6).
 */
export class DataplaneLifecycle {
  readonly #options: DataplaneLifecycleOptions
  readonly #leaving = new Map<string, Cancel>()
  #stopped = false

  constructor(options: DataplaneLifecycleOptions) {
    this.#options = options
  }

  /** Throws `invalid-argument` or `invalid-resource` when `text` is not a valid Dataplane of that mesh and name. */
  parse(text: string, mesh: string, name: string): ResourceDraft {
    const { type, mesh: statedMesh = 'default', name: statedName, labels, ...rest } = readObject(text)
    if (type !== 'Dataplane' || statedMesh !== mesh || statedName !== name) {
      throw new AppError(
        'invalid-argument',
        `the sidecar is ${mesh}.${name}, but its resource is ${type} ${statedMesh}.${statedName}`,
      )
    }
    const canonical = canonicalProtoSpec('Dataplane', rest)
    const checked = validateSpec('Dataplane', parseJson(canonical))
    const violations = [...checkName('Dataplane', name, mesh), ...(checked.ok ? [] : checked.violations)]
    if (violations.length > 0) {
      const reasons = violations.map(({ field, reason }) => `${field}: ${reason}`).join('; ')
      throw new AppError('invalid-resource', `Dataplane ${mesh}.${name} is not valid: ${reasons}`, { violations })
    }
    const stated = isJsonObject(labels) ? (labels as Labels) : {}
    const key = { type: 'Dataplane', mesh, name } as const
    const spec = parseJson(canonical)
    const computed = computeLabels({ mode: 'zone', zone: this.#options.zone }, { ...key, labels: stated, spec })
    const owner = { type: 'Mesh', mesh: undefined, name: mesh } as const
    return { ...key, labels: computed, spec: canonical, status: undefined, owner, syncedVersion: undefined }
  }

  /** Throws `not-found` when the mesh is not there (yet). */
  async arrive(draft: ResourceDraft): Promise<void> {
    const mesh = { type: 'Mesh', mesh: undefined, name: draft.mesh ?? '' } as const
    if (!(await this.#options.store.get(mesh))) throw new AppError('not-found', `mesh ${draft.mesh} is not there`)
    this.stay(draft)
    await this.#options.store.commit([{ kind: 'put', resource: draft, expect: 'any' }])
  }

  /** The sidecar is (again) connected. */
  stay(key: ResourceKey): void {
    this.#leaving.get(nodeOf(key))?.()
    this.#leaving.delete(nodeOf(key))
  }

  /** The sidecar has gone; after the grace time its Dataplane goes too, unless it came back. */
  leave({ type, mesh, name }: ResourceKey): void {
    const key = { type, mesh, name }
    this.stay(key)
    if (this.#stopped) return
    const cancel = this.#options.clock.after(this.#options.graceMs, () => {
      this.#leaving.delete(nodeOf(key))
      this.#delete(key).catch((thrown: unknown) => {
        this.#options.log.error('a dataplane could not be deleted', { mesh, name, error: AppError.from(thrown) })
      })
    })
    this.#leaving.set(nodeOf(key), cancel)
  }

  /** Unless the sidecar has found another instance of the zone meanwhile. */
  async #delete(key: ResourceKey): Promise<void> {
    const { store, instanceId } = this.#options
    const insight = await store.get({ ...key, type: 'DataplaneInsight' })
    const newest = insight && newestOpen(specOf(insight).subscriptions)
    if (newest && newest.controlPlaneInstanceId !== instanceId) return
    await store.commit([{ kind: 'delete', key, expect: 'any' }])
  }

  /** When the zone itself stops, its Dataplanes stay: the sidecars have not gone. */
  stop(): void {
    this.#stopped = true
    for (const cancel of this.#leaving.values()) cancel()
    this.#leaving.clear()
  }
}

function readObject(text: string): JsonObject {
  try {
    const value = parseJson(text)
    if (isJsonObject(value)) return value
  } catch (cause) {
    throw new AppError('invalid-argument', 'the Dataplane that a sidecar brought is not JSON', { cause })
  }
  throw new AppError('invalid-argument', 'the Dataplane that a sidecar brought is not a JSON object')
}

function nodeOf({ mesh, name }: ResourceKey): string {
  return `${mesh}.${name}`
}
