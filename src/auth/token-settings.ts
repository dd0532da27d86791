import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { flag, type Setting } from '../base/settings.js'
import type { ConfiguredKey } from './static-keyring.js'
import type { TokenSources } from './tenant-trust.js'

/** How each kind of token is issued and checked, under Kuma's names where it has them (auth.md §1.4, §1.9). */

const configuredKeys = z.array(
  z
    .strictObject({
      kid: z.string().min(1),
      key: z.string().optional(),
      keyFile: z.string().optional(),
      mesh: z.string().optional(),
    })
    .refine(({ key, keyFile }) => (key === undefined) !== (keyFile === undefined), 'state either key or keyFile'),
)

function publicKeys(
  row: Omit<Setting<readonly ConfiguredKey[]>, 'parse' | 'fallback'>,
): Setting<readonly ConfiguredKey[]> {
  return { ...row, fallback: [], parse: (text) => (text === '' ? [] : parseConfiguredKeys(text)) }
}

/**
 * Public keys as a JSON list, `[{"kid":"1","keyFile":"key.pem"}]` or with `key` and the PEM itself. Files are read at once.
 * Throws Error with what is expected.
 */
export function parseConfiguredKeys(text: string): readonly ConfiguredKey[] {
  const parsed = configuredKeys.safeParse(jsonOf(text))
  if (!parsed.success) {
    throw new Error('expected a JSON list of {kid, key or keyFile}, such as [{"kid":"1","keyFile":"key.pem"}]')
  }
  return parsed.data.map(({ kid, key, keyFile, mesh }) => ({
    kid,
    key: key ?? readFileSync(keyFile ?? '', 'utf8'),
    ...(mesh !== undefined && { mesh }),
  }))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const KDS_AUTH = 'MULTIZONE_GLOBAL_KDS_AUTH'

export const ZONE_TOKEN_SETTINGS = {
  zoneTokenIssuer: flag({
    env: `KUMA_${KDS_AUTH}_ZONE_TOKEN_ENABLE_ISSUER`,
    kongEnv: `KMESH_${KDS_AUTH}_CP_TOKEN_ENABLE_ISSUER`,
    doc: 'Issue zone tokens; off: they are made elsewhere',
    fallback: true,
  }),
  zoneTokenUseSecrets: flag({
    env: `KUMA_${KDS_AUTH}_ZONE_TOKEN_VALIDATOR_USE_SECRETS`,
    kongEnv: `KMESH_${KDS_AUTH}_CP_TOKEN_VALIDATOR_USE_SECRETS`,
    doc: 'Zone tokens may be signed with the keys in the secrets',
    fallback: true,
  }),
  zoneTokenPublicKeys: publicKeys({
    env: 'ZONELAB_ZONE_TOKEN_PUBLIC_KEYS',
    doc: 'Public keys under which zone tokens hold, asked before the secrets: a JSON list of {kid, key or keyFile}',
  }),
  zoneTokenAudience: flag({
    env: 'ZONELAB_ZONE_TOKEN_AUDIENCE',
    doc: 'A zone token must name the ID of its control plane as its audience; those issued here do',
    fallback: false,
  }),
} as const

export const USER_TOKEN_SETTINGS = {
  userTokenIssuer: flag({
    env: 'KUMA_API_SERVER_AUTHN_TOKENS_ENABLE_ISSUER',
    doc: 'Issue user tokens',
    fallback: true,
  }),
  userTokenUseSecrets: flag({
    env: 'KUMA_API_SERVER_AUTHN_TOKENS_VALIDATOR_USE_SECRETS',
    doc: 'User tokens may be signed with the keys in the secrets',
    fallback: true,
  }),
  userTokenPublicKeys: publicKeys({
    env: 'ZONELAB_USER_TOKEN_PUBLIC_KEYS',
    doc: 'Public keys under which user tokens hold, as those of zone tokens',
  }),
  bootstrapAdminToken: flag({
    env: 'KUMA_API_SERVER_AUTHN_TOKENS_BOOTSTRAP_ADMIN_TOKEN',
    doc: 'Make the secret `admin-user-token` at start',
    fallback: true,
  }),
} as const

export const DATAPLANE_TOKEN_SETTINGS = {
  dataplaneTokenIssuer: flag({
    env: 'KUMA_DP_SERVER_AUTHN_DP_PROXY_DP_TOKEN_ENABLE_ISSUER',
    doc: 'Issue dataplane tokens',
    fallback: true,
  }),
  dataplaneTokenUseSecrets: flag({
    env: 'KUMA_DP_SERVER_AUTHN_DP_PROXY_DP_TOKEN_VALIDATOR_USE_SECRETS',
    doc: "Dataplane tokens may be signed with the keys in their mesh's secrets",
    fallback: true,
  }),
  dataplaneTokenPublicKeys: publicKeys({
    env: 'ZONELAB_DATAPLANE_TOKEN_PUBLIC_KEYS',
    doc: 'Public keys under which dataplane tokens hold: a JSON list of {kid, key or keyFile, mesh}; without a mesh, for all',
  }),
} as const

interface SourceConfig {
  readonly zoneTokenUseSecrets?: boolean
  readonly zoneTokenPublicKeys?: readonly ConfiguredKey[]
  readonly userTokenUseSecrets: boolean
  readonly userTokenPublicKeys: readonly ConfiguredKey[]
  readonly dataplaneTokenUseSecrets: boolean
  readonly dataplaneTokenPublicKeys: readonly ConfiguredKey[]
}

/** Where the keys of each kind come from, by a process's configuration. */
export function tokenSources(config: SourceConfig): TokenSources {
  return {
    zone: { useSecrets: config.zoneTokenUseSecrets ?? true, publicKeys: config.zoneTokenPublicKeys ?? [] },
    user: { useSecrets: config.userTokenUseSecrets, publicKeys: config.userTokenPublicKeys },
    dataplane: { useSecrets: config.dataplaneTokenUseSecrets, publicKeys: config.dataplaneTokenPublicKeys },
  }
}
