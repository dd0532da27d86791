import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueZoneToken, ZONE_CP_SCOPE } from '../auth/issue.js'
import type { SigningKeys } from '../auth/keyring.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { ApiClient } from '../lab/api-client.js'
import { readIfThere } from '../lab/private-files.js'
import { DEFAULT_TENANT } from '../model/tenant.js'
import type { ClientTrust } from '../transport/grpc/client-trust.js'
import { keptFetch } from '../transport/http/kept-fetch.js'
import { parseGlobalAddress } from '../zone/grpc-connection.js'

/** The global that is put under load, as far as a run is allowed to reach it. */
export interface LoadTarget {
  /** For people: `lab default`, `grpcs://global:5685`. */
  readonly name: string
  /** `grpcs://host:port`. */
  readonly address: string
  readonly trust: ClientTrust
  /** Control planes of it; a single one is not named in any call. */
  readonly tenants: readonly string[]
  /** Undefined: the run writes nothing, and can read nothing either. */
  readonly api: ((tenant: string) => ApiClient) | undefined
  /** Undefined where zones need none. An expired one is for a fault. */
  readonly zoneToken: (zone: string, tenant: string, kind: 'good' | 'expired') => Promise<string | undefined>
  /** Prometheus text of the global. */
  readonly metricsUrl: string | undefined
  /** Of the global, where it runs on this machine and is ours. */
  readonly pid: number | undefined
  /** Its event stream, for the hops inside of it. */
  readonly diagnostics: { readonly url: string; readonly token: string } | undefined
  /** Undefined where the run has no right to. */
  readonly restart: (() => Promise<void>) | undefined
  /** How its flush and resync intervals read; undefined: unknown. */
  readonly intervals: string | undefined
}

export const CP_ID_HEADER = 'x-konnect-cp-id'

/** What the flags say of a global that is not a lab's. */
export interface ForeignFlags {
  readonly address: string
  readonly caFile: string | undefined
  readonly apiUrl: string | undefined
  readonly userTokenFile: string | undefined
  readonly zoneTokenDir: string | undefined
  readonly signingKeyFile: string | undefined
  readonly kid: string | undefined
  readonly cpId: string | undefined
  readonly scrapeUrl: string | undefined
}

/** Throws `invalid-argument` for files and addresses that cannot be used. */
export function foreignTarget(flags: ForeignFlags, ports: { clock: Clock; random: Random }): LoadTarget {
  const { tls } = parseGlobalAddress(flags.address)
  const caPem = flags.caFile === undefined ? undefined : textOf(flags.caFile, '--ca')
  const { apiUrl, userTokenFile, cpId } = flags
  const fetch = keptFetch(caPem)
  const api = (tenant: string) =>
    new ApiClient(
      {
        url: apiUrl ?? '',
        name: 'the target',
        token: () => (userTokenFile === undefined ? undefined : textOf(userTokenFile, '--user-token-file').trim()),
        tenant: tenant === DEFAULT_TENANT ? undefined : tenant,
        fetch,
      },
      ports.clock,
    )
  return {
    name: flags.address,
    address: flags.address,
    trust: tls ? { kind: 'ca', caPem } : { kind: 'plaintext' },
    tenants: [cpId ?? DEFAULT_TENANT],
    api: apiUrl === undefined ? undefined : api,
    zoneToken: zoneTokens(flags, ports, apiUrl === undefined ? undefined : api),
    metricsUrl: flags.scrapeUrl,
    pid: undefined,
    diagnostics: undefined,
    restart: undefined,
    intervals: undefined,
  }
}

const VALID_FOR_MS = 24 * 3_600_000

function zoneTokens(
  { zoneTokenDir, signingKeyFile, kid }: ForeignFlags,
  ports: { clock: Clock; random: Random },
  api: LoadTarget['api'],
): LoadTarget['zoneToken'] {
  if (signingKeyFile !== undefined) {
    if (kid === undefined) throw new AppError('invalid-argument', '--signing-key needs --kid, the number of the key')
    const keys = keysFrom(signingKeyFile, kid)
    return (zone, _tenant, kind) => {
      const validForMs = kind === 'expired' ? -VALID_FOR_MS : VALID_FOR_MS
      return issueZoneToken({ zone, scope: [ZONE_CP_SCOPE] }, validForMs, { keys, ...ports })
    }
  }
  if (zoneTokenDir !== undefined) {
    return async (zone, _tenant, kind) => {
      const name = kind === 'expired' ? `${zone}.expired` : zone
      const token = [name, `${name}.jwt`].map((file) => readIfThere(join(zoneTokenDir, file))?.trim()).find(Boolean)
      if (token === undefined && kind === 'good') {
        throw new AppError(
          'invalid-argument',
          `${zoneTokenDir} has no token for zone ${zone}: put it in a file "${zone}.jwt" (--run tells what zones are called)`,
        )
      }
      return token
    }
  }
  return async (zone, tenant, kind) => (api ? askForToken(api(tenant), zone, kind) : undefined)
}

/** A global whose zones need no tokens may have no such endpoint. */
export async function askForToken(api: ApiClient, zone: string, kind: 'good' | 'expired'): Promise<string | undefined> {
  const validFor = kind === 'good' ? '24h' : '-24h'
  try {
    return await api.postForText('/tokens/zone', { zone, scope: [ZONE_CP_SCOPE], validFor })
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code === 'not-found' || error.code === 'method-not-allowed') return undefined
    throw error
  }
}

/** A private key is read where it is used and kept nowhere else. */
function keysFrom(file: string, kid: string): SigningKeys {
  const pem = textOf(file, '--signing-key')
  return {
    latest: async () => {
      try {
        return { kid, privateKey: createPrivateKey(pem) }
      } catch (cause) {
        throw new AppError('invalid-argument', `--signing-key ${file}: it is no private key in PEM`, { cause })
      }
    },
  }
}

function textOf(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `${flag} ${file}: it cannot be read`, { cause })
  }
}
