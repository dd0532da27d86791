import { secretSpec } from '../../auth/token-secrets.js'
import { AppError } from '../../base/errors.js'
import { canonicalJson, type Json } from '../../model/json.js'
import { isLocallyOriginated } from '../../model/labels.js'
import { kriOf } from '../../model/naming.js'
import { draftOf, keyOf, type Resource, type ResourceDraft, specOf } from '../../model/resource.js'
import type { MeshIdentitySpec } from '../../model/specs/mesh-identity.js'
import type { MeshTrustSpec } from '../../model/specs/mesh-trust.js'
import type { Write } from '../../store/store.js'
import { createSpiffeCa } from '../../transport/spiffe-certificate.js'
import { meshDraft, put } from '../generators/drafts.js'
import type { PlanContext } from '../generators/plan-context.js'
import {
  authorityPair,
  type BundledSpec,
  bundledOf,
  checkedAuthority,
  secretNames,
  trustBundle,
} from './bundled-authority.js'
import type { Condition } from './selection.js'
import { trustDomainOf } from './spiffe-id.js'

export type IdentityContext = Pick<PlanContext, 'mirror' | 'mesh' | 'zone' | 'nowMs'>

/** What a MeshIdentity still lacks, and how far it got: undefined while what comes next needs what is written now. */
interface Progress {
  readonly writes: readonly Write[]
  readonly conditions: readonly Condition[] | undefined
}

/**
 * What a zone makes of the MeshIdentities of a mesh: the authority of each that asks for one, as Secrets that never
 * leave the zone, the MeshTrust by which others know it, and its conditions, with Kuma's types, reasons and order.
 */
export function planIdentities(context: IdentityContext): readonly Write[] {
  return [...context.mirror.of(context.mesh, 'MeshIdentity').values()].flatMap((identity) => {
    const { writes, conditions } = progressOf(context, identity)
    if (conditions === undefined) return writes
    const status = canonicalJson({ conditions: [...conditions, readyCondition(conditions)] as unknown as Json })
    if (status === identity.status) return writes
    return [...writes, put({ ...draftOf(identity), status }, { version: identity.version })]
  })
}

function progressOf(context: IdentityContext, identity: Resource): Progress {
  const { provider } = specOf<MeshIdentitySpec>(identity)
  if (provider === undefined) {
    const message = 'Providing only SpiffeIDs for services.'
    return { writes: [], conditions: [done('SpiffeIDProvider', 'SpiffeIDProvided', message)] }
  }
  const bundled = bundledOf(identity)
  if (bundled) return bundledProgress(context, identity, bundled)
  const message = `provider: ${provider.type} is not supported by this zone, use Bundled`
  return { writes: [], conditions: [failed('Provider', 'ProviderNotFoundError', message)] }
}

function bundledProgress(context: IdentityContext, identity: Resource, bundled: BundledSpec): Progress {
  const supply = attempt(() => missingAuthority(context, identity, bundled))
  if ('fault' in supply) {
    return { writes: [], conditions: [failed('Provider', 'ProviderInitializationError', supply.fault)] }
  }
  if (supply.result.length > 0) return { writes: supply.result, conditions: undefined }
  const pair = attempt(() => {
    const kept = authorityPair(identity, bundled, context.mirror.of(context.mesh, 'Secret'))
    checkedAuthority(kept, bundled)
    return kept
  })
  if ('fault' in pair) return { writes: [], conditions: [failed('Provider', 'ProviderValidationError', pair.fault)] }
  const provided = done('Provider', 'ProviderInitialized', 'Provider successfully initialized')
  if (bundled.meshTrustCreation === 'Disabled') return { writes: [], conditions: [provided] }
  const trust = attempt(() => trustWrites(context, identity, trustBundle(pair.result)))
  if ('fault' in trust) {
    return { writes: [], conditions: [provided, failed('MeshTrustCreated', 'MeshTrustCreationError', trust.fault)] }
  }
  const created = done('MeshTrustCreated', 'MeshTrustCreated', 'MeshTrust has been successfully created')
  return { writes: trust.result, conditions: [provided, created] }
}

/** The authority that the zone is to make; throws for a trust domain that is none. Both halves, when one is missing: neither is of use without the other. */
function missingAuthority(
  { mirror, mesh, zone, nowMs }: IdentityContext,
  identity: Resource,
  { autogenerate }: BundledSpec,
): readonly Write[] {
  const trustDomain = trustDomainOf(identity, zone)
  const secrets = mirror.of(mesh, 'Secret')
  const { certificate, privateKey } = secretNames(identity)
  if (!autogenerate?.enabled || (secrets.has(certificate) && secrets.has(privateKey))) return []
  const { certPem, keyPem } = createSpiffeCa(trustDomain, nowMs)
  const write = (name: string, pem: string) => {
    const before = secrets.get(name)
    return put(secretDraft(identity, name, pem), before ? { version: before.version } : 'absent')
  }
  return [write(certificate, certPem), write(privateKey, keyPem)]
}

function secretDraft(identity: Resource, name: string, pem: string): ResourceDraft {
  const key = { type: 'Secret', mesh: identity.mesh, name } as const
  const rest = { labels: {}, status: undefined, syncedVersion: undefined }
  return { ...key, ...rest, spec: secretSpec(pem), owner: keyOf(identity) }
}

/** A new authority joins those that are trusted already: certificates of the old one hold until they expire. */
function trustWrites({ mirror, mesh, zone }: IdentityContext, identity: Resource, bundle: string): readonly Write[] {
  const { name } = identity
  const before = mirror.of(mesh, 'MeshTrust').get(name)
  if (before && !isLocallyOriginated(before.labels, 'zone')) {
    throw new AppError('already-exists', `MeshTrust ${name} came from the global control plane: rename it there`)
  }
  const held = before ? specOf<MeshTrustSpec>(before).caBundles : []
  const known = held.some(({ pem }) => pem !== undefined && bare(pem.value) === bare(bundle))
  const caBundles = known ? held : [...held, { type: 'Pem' as const, pem: { value: bundle } }]
  const spec: MeshTrustSpec = { trustDomain: trustDomainOf(identity, zone), caBundles: [...caBundles] }
  const made = meshDraft(
    'MeshTrust',
    mesh,
    name,
    before?.labels ?? {},
    canonicalJson(spec as unknown as Json),
    canonicalJson({ origin: { kri: kriOf(identity) } }),
  )
  if (before?.spec === made.spec && before.status === made.status) return []
  return [put(made, before ? { version: before.version } : 'absent')]
}

function bare(pem: string): string {
  return pem.replace(/\s+/g, '')
}

function readyCondition(conditions: readonly Condition[]): Condition {
  if (conditions.some(({ status }) => status === 'False')) {
    return failed('Ready', 'Failure', 'One of initialization steps failed')
  }
  if (conditions.some(({ type }) => type === 'SpiffeIDProvider')) {
    return failed('Ready', 'PartiallyReady', 'Running in SpiffeID providing only mode.')
  }
  return done('Ready', 'Ready', 'Successfully initialized')
}

function attempt<T>(step: () => T): { readonly result: T } | { readonly fault: string } {
  try {
    return { result: step() }
  } catch (thrown) {
    return { fault: AppError.from(thrown).message }
  }
}

function done(type: string, reason: string, message: string): Condition {
  return { type, status: 'True', reason, message }
}

function failed(type: string, reason: string, message: string): Condition {
  return { type, status: 'False', reason, message }
}
