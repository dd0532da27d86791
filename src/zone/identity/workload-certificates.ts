import type { Cancel, Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Component } from '../../base/lifecycle.js'
import type { Logger } from '../../base/log.js'
import type { ServedCertificate } from '../../insights/dataplane.js'
import { kriOf } from '../../model/naming.js'
import { keyOf, keyText, type Resource, type ResourceKey } from '../../model/resource.js'
import { createWorkloadCertificate } from '../../transport/spiffe-certificate.js'
import type { KeyPairPem } from '../../transport/x509.js'
import type { MeshMirror, MirrorChange } from '../mesh-mirror.js'
import { dataplaneNetworking } from '../snapshot/dataplane-spec.js'
import type { WorkloadIdentity } from '../snapshot/tls.js'
import { authorityPair, bundledOf, checkedAuthority, lifetimeMsOf } from './bundled-authority.js'
import { bestIdentity, isReady } from './selection.js'
import { spiffeIdOf } from './spiffe-id.js'

export interface WorkloadCertificatesOptions {
  readonly mirror: MeshMirror
  readonly zone: string
  readonly clock: Clock
  readonly log: Logger
}

/** One certificate that is out. */
interface Held {
  readonly dataplane: ResourceKey
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly identity: WorkloadIdentity
  /** What it was issued for and by: another text asks for another certificate. */
  readonly terms: string
  cancelRotation: Cancel
}

/** What a dataplane's certificate is to be. */
interface Terms {
  readonly text: string
  readonly meshIdentity: Resource
  readonly spiffeId: string
  readonly lifetimeMs: number
  readonly pair: KeyPairPem
}

/** A certificate is replaced when so much of its life is over (kuma `WorkloadIdentity.ExpiringSoon`). */
const ROTATE_AT = 0.8
/** A certificate of no life at all must not keep the zone issuing. */
const ROTATE_MIN_MS = 1_000
/** Timers know no delay of a month, and a machine that slept is a day late at most. */
const LOOK_AGAIN_MS = 24 * 3_600_000

/**
 * The certificates of a zone's dataplanes, in memory alone: one is made when it is first asked for, is the same until
 * its terms change or it gets old, and goes with its Dataplane. Making one takes a fifth of a millisecond, where the
 * snapshot that it is for takes one, so it is made in place and no snapshot ever waits for its key.
 */
export class WorkloadCertificates implements Component {
  readonly name = 'workload-certificates'
  readonly #options: WorkloadCertificatesOptions
  readonly #held = new Map<string, Held>()
  readonly #listeners = new Set<(dataplane: ResourceKey) => void>()
  #unlisten: () => void = () => {}

  constructor(options: WorkloadCertificatesOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#unlisten = this.#options.mirror.onChange((changes) => this.#changed(changes))
  }

  async stop(): Promise<void> {
    this.#unlisten()
    this.#listeners.clear()
    for (const key of this.#held.keys()) this.#drop(key)
  }

  /**
   * Undefined when no MeshIdentity that is ready selects the dataplane. Throws `invalid-argument` when it can be given
   * no SPIFFE ID and `not-found` when the authority is not there: it must then be served nothing new, and least of all
   * without TLS.
   */
  identityOf(dataplane: Resource): WorkloadIdentity | undefined {
    const key = keyText(dataplane)
    const terms = this.#termsOf(dataplane)
    const held = this.#held.get(key)
    if (held && held.terms === terms?.text) return held.identity
    this.#drop(key)
    return terms && this.#issue(dataplane, terms)
  }

  /** What is out for a dataplane now, and by whom its peers are known. */
  served(dataplane: ResourceKey): ServedCertificate | undefined {
    const held = this.#held.get(keyText(dataplane))
    if (!held) return undefined
    const trusts = [...this.#options.mirror.of(dataplane.mesh, 'MeshTrust').values()]
    return {
      issuedBackend: held.identity.secretName,
      supportedBackends: trusts.flatMap((trust) => kriOf(trust) ?? []).sort(),
      issuedAtMs: held.issuedAtMs,
      expiresAtMs: held.expiresAtMs,
    }
  }

  /** Called when asking for a dataplane's identity would give another one than before; returns the unsubscriber. */
  onStale(listener: (dataplane: ResourceKey) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #termsOf(dataplane: Resource): Terms | undefined {
    const { mirror, zone } = this.#options
    const { mesh } = dataplane
    const meshIdentity = bestIdentity(dataplane.labels, mirror.of(mesh, 'MeshIdentity').values())
    const bundled = meshIdentity && isReady(meshIdentity) ? bundledOf(meshIdentity) : undefined
    if (!meshIdentity || !bundled) return undefined
    let spiffeId: string
    try {
      spiffeId = spiffeIdOf(meshIdentity, dataplane, zone)
    } catch (thrown) {
      if (isZoneProxy(dataplane)) return undefined
      throw thrown
    }
    const pair = authorityPair(meshIdentity, bundled, mirror.of(mesh, 'Secret'))
    const lifetimeMs = lifetimeMsOf(bundled)
    const text = [meshIdentity.name, spiffeId, lifetimeMs, pair.certPem].join('\n')
    return { text, meshIdentity, spiffeId, lifetimeMs, pair }
  }

  #issue(dataplane: Resource, { text, meshIdentity, spiffeId, lifetimeMs, pair }: Terms): WorkloadIdentity {
    const { clock, log } = this.#options
    const issuedAtMs = clock.nowMs()
    const authority = checkedAuthority(pair, bundledOf(meshIdentity) ?? {})
    const made = createWorkloadCertificate({ authority, spiffeId, nowMs: issuedAtMs, lifetimeMs })
    const held: Held = {
      dataplane: keyOf(dataplane),
      terms: text,
      issuedAtMs,
      expiresAtMs: issuedAtMs + lifetimeMs,
      identity: {
        secretName: kriOf(meshIdentity) ?? '',
        meshIdentity: keyOf(meshIdentity),
        spiffeId,
        certificateChain: made.certPem,
        privateKey: made.keyPem,
      },
      cancelRotation: () => {},
    }
    this.#held.set(keyText(dataplane), held)
    this.#awaitRotation(held)
    log.debug('certificate issued', { mesh: dataplane.mesh, name: dataplane.name, spiffeId, lifetimeMs })
    return held.identity
  }

  #awaitRotation(held: Held): void {
    const { clock } = this.#options
    const { issuedAtMs, expiresAtMs } = held
    const dueMs = issuedAtMs + Math.max(ROTATE_MIN_MS, (expiresAtMs - issuedAtMs) * ROTATE_AT)
    const restMs = dueMs - clock.nowMs()
    held.cancelRotation = clock.after(Math.min(restMs, LOOK_AGAIN_MS), () => {
      if (clock.nowMs() < dueMs) return this.#awaitRotation(held)
      this.#drop(keyText(held.dataplane))
      this.#tell(held.dataplane)
    })
  }

  #changed(changes: readonly MirrorChange[]): void {
    const meshes = new Set<string | undefined>()
    for (const { mesh, change } of changes) {
      if (change.key.type === 'Secret') meshes.add(mesh)
      if (change.key.type === 'Dataplane' && change.after === undefined) this.#drop(keyText(change.key))
    }
    if (meshes.size === 0) return
    for (const { dataplane, terms } of [...this.#held.values()]) {
      if (meshes.has(dataplane.mesh) && this.#wants(dataplane) !== terms) this.#tell(dataplane)
    }
  }

  /** The terms on which a dataplane's certificate would be issued now; undefined when none would. */
  #wants({ mesh, name }: ResourceKey): string | undefined {
    const dataplane = this.#options.mirror.of(mesh, 'Dataplane').get(name)
    try {
      return dataplane && this.#termsOf(dataplane)?.text
    } catch (thrown) {
      this.#options.log.warn('a certificate could not be renewed', { mesh, name, error: AppError.from(thrown) })
      return undefined
    }
  }

  #tell(dataplane: ResourceKey): void {
    for (const listener of this.#listeners) listener(dataplane)
  }

  #drop(key: string): void {
    this.#held.get(key)?.cancelRotation()
    this.#held.delete(key)
  }
}

/** It passes TLS on and shows no certificate, so that it needs no name. */
function isZoneProxy(dataplane: Resource): boolean {
  const { inbound = [], listeners = [] } = dataplaneNetworking(dataplane)
  return inbound.length === 0 && listeners.length > 0
}
