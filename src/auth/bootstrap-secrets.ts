import type { ResourceType } from '../model/registry.js'
import type { Resource, ResourceDraft, ResourceKey } from '../model/resource.js'
import { ADMIN } from './api-user.js'
import { type IssuerPorts, issueUserToken, VALID_FOR_DEFAULT_MS } from './issue.js'
import { generateSigningKeyPem } from './rsa-key.js'
import { DEFAULT_KID, newestKey } from './store-keyring.js'
import { ADMIN_USER_TOKEN, type KeyPlace, keyOfKid, secretSpec } from './token-secrets.js'

/** What bootstrapping asks of a tenant's store. */
export interface SecretVault {
  get(key: ResourceKey): Promise<Resource | undefined>
  list(type: ResourceType, filter: { readonly mesh?: string }): Promise<{ readonly resources: readonly Resource[] }>
  commit(writes: readonly SecretPut[]): Promise<unknown>
}

/** Creates only: whoever comes first wins, so several control planes may start at once. */
export interface SecretPut {
  readonly kind: 'put'
  readonly resource: ResourceDraft
  readonly expect: 'absent'
}

/**
 * Makes the first key of a place unless it has one of whatever serial, so that a rotated key does not come back.
 * Every control plane makes USER_KEYS at its start, one that is not a federated zone ZONE_KEYS too, and a mesh gets its
 * `dataplaneKeys` when it is made.
 */
export async function ensureSigningKey(vault: SecretVault, place: KeyPlace): Promise<void> {
  const { resources } = await vault.list(place.type, place.mesh === undefined ? {} : { mesh: place.mesh })
  if (newestKey(place, resources) !== undefined) return
  await vault.commit([{ kind: 'put', resource: await signingKeyDraft(place), expect: 'absent' }])
}

/** A new first key as a secret, for writing it in one commit with its mesh. */
export async function signingKeyDraft(place: KeyPlace): Promise<ResourceDraft> {
  return secretDraft(keyOfKid(place, DEFAULT_KID), await generateSigningKeyPem())
}

/** Makes the admin's token unless there is one. Needs the user key: throws `not-found` without. */
export async function ensureAdminUserToken(vault: SecretVault, ports: IssuerPorts): Promise<void> {
  if ((await vault.get(ADMIN_USER_TOKEN)) !== undefined) return
  const token = await issueUserToken({ name: ADMIN, groups: [ADMIN] }, VALID_FOR_DEFAULT_MS, ports)
  await vault.commit([{ kind: 'put', resource: secretDraft(ADMIN_USER_TOKEN, token), expect: 'absent' }])
}

/** A mesh's secrets go with the mesh. */
function secretDraft(key: ResourceKey, data: string): ResourceDraft {
  const owner: ResourceKey | undefined =
    key.mesh === undefined ? undefined : { type: 'Mesh', mesh: undefined, name: key.mesh }
  return { ...key, labels: {}, spec: secretSpec(data), status: undefined, owner, syncedVersion: undefined }
}
