import { writeFileSync } from 'node:fs'
import { ensureAdminUserToken, ensureSigningKey, signingKeyDraft } from '../auth/bootstrap-secrets.js'
import type { TenantTrust } from '../auth/tenant-trust.js'
import { ADMIN_USER_TOKEN, dataplaneKeys, secretData, USER_KEYS, ZONE_KEYS } from '../auth/token-secrets.js'
import { meshDefaults, zoneDefaults } from '../model/defaults.js'
import { EMPTY_JSON_OBJECT } from '../model/json.js'
import type { ResourceDraft } from '../model/resource.js'
import type { TenantStore, Write } from '../store/store.js'
import type { ZoneConfig } from './config.js'

/**
 * What a zone has before it speaks to anyone: its own Zone and no other, its generators of hostnames, the keys of its
 * users. One that stands alone also makes what a global would send it. Idempotent.
 */
export async function ensureOwnResources(
  store: TenantStore,
  trust: TenantTrust,
  { zoneName: zone, bootstrapAdminToken }: ZoneConfig,
  federated: boolean,
): Promise<void> {
  await ensureSigningKey(store, USER_KEYS)
  if (bootstrapAdminToken) await ensureAdminUserToken(store, trust.issuer(USER_KEYS))
  const { resources: zones } = await store.list('Zone')
  const others = zones.filter(({ name }) => name !== zone)
  const drafts = [plain('Zone', zone), ...zoneDefaults(), ...(federated ? [] : await standAlone(store))]
  await store.commit([
    ...others.map((key): Write => ({ kind: 'delete', key, expect: 'any' })),
    ...drafts.map((resource): Write => ({ kind: 'put', resource, expect: 'absent' })),
  ])
}

async function standAlone(store: TenantStore): Promise<readonly ResourceDraft[]> {
  await ensureSigningKey(store, ZONE_KEYS)
  if (await store.get({ type: 'Mesh', mesh: undefined, name: 'default' })) return []
  return [plain('Mesh', 'default'), ...meshDefaults('default', []), await signingKeyDraft(dataplaneKeys('default'))]
}

function plain(type: 'Zone' | 'Mesh', name: string): ResourceDraft {
  return {
    type,
    mesh: undefined,
    name,
    labels: {},
    spec: EMPTY_JSON_OBJECT,
    status: undefined,
    owner: undefined,
    syncedVersion: undefined,
  }
}

/** To the file that is configured, if one is. */
export async function writeAdminToken(store: TenantStore, file: string): Promise<void> {
  const secret = file === '' ? undefined : await store.get(ADMIN_USER_TOKEN)
  if (secret) writeFileSync(file, secretData(secret), { mode: 0o600 })
}
