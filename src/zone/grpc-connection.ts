import { readFileSync } from 'node:fs'
import { checkTokenPath, readTokenFile } from '../auth/token-file.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { HEADER_FEATURES } from '../sync/features.js'
import { CONTROL_PLANE_VERSION } from '../sync/sync-node.js'
import { GrpcClient } from '../transport/grpc/client.js'
import type { ClientTrust } from '../transport/grpc/client-trust.js'
import { KDS } from '../wire/kds-service.js'
import { type Headers, zoneHeaders } from '../wire/metadata.js'
import type { ZoneConfig } from './config.js'
import type { GlobalConnection } from './link-session.js'

/** A health check that takes longer is one that failed (kuma `pkg/kds/mux/client.go` waits as long as its context). */
const HEALTH_CHECK_DEADLINE_MS = 15_000

/** Kuma's. */
const KEEPALIVE_TIMEOUT_MS = 15_000

/** The addresses of a configuration: the instances of one global, to be tried in turn. */
function globalAddresses({ globalAddress }: Pick<ZoneConfig, 'globalAddress'>): readonly string[] {
  return globalAddress.split(',')
}

/** Dials the instances of a global in turn: the first, and after each end the next. */
export class GlobalDialer {
  readonly #config: ZoneConfig
  readonly #clock: Clock
  #dialled = 0

  constructor(config: ZoneConfig, clock: Clock) {
    this.#config = config
    this.#clock = clock
  }

  /** `expiredToken` is brought instead of the configured one. Throws as `connectToGlobal` does. */
  connect(expiredToken?: string): GlobalConnection {
    const addresses = globalAddresses(this.#config)
    const address = addresses[this.#dialled % addresses.length] ?? ''
    this.#dialled += 1
    const token = expiredToken === undefined ? {} : { tokenPath: '', tokenInline: expiredToken }
    return connectToGlobal({ ...this.#config, ...token }, address, this.#clock)
  }
}

/** One HTTP/2 connection to the global of a configuration, at one of its addresses. Throws `invalid-argument` for an address or CA that cannot be used. */
function connectToGlobal(config: ZoneConfig, address: string, clock: Clock): GlobalConnection {
  const { target, tls } = parseGlobalAddress(address)
  const client = new GrpcClient({
    target,
    trust: tls ? trustOf(config) : { kind: 'plaintext' },
    headers: () => headersOf(config),
    messageBytesMax: config.maxMsgSize,
    keepaliveMs: { time: config.keepaliveMs, timeout: Math.min(config.keepaliveMs, KEEPALIVE_TIMEOUT_MS) },
    clock,
  })
  return {
    globalToZone: () => client.open(KDS.GlobalToZoneSync),
    zoneToGlobal: () => client.open(KDS.ZoneToGlobalSync),
    admin: (rpc) => client.open(KDS[rpc]),
    healthCheck: async () => (await client.unary(KDS.HealthCheck, undefined, HEALTH_CHECK_DEADLINE_MS)).intervalMs,
    close: () => client.close(),
  }
}

/**
 * What Kuma refuses at start (`pkg/config/multizone/kds.go`): a token that everybody on the way could read, and a path that
 * leads elsewhere than it seems. Throws `guard-rail` or `invalid-argument`. A file that is not there yet may still come.
 */
export function checkTokenDelivery({ globalAddress, tokenPath, tokenInline, insecure }: ZoneConfig): void {
  const tls = globalAddresses({ globalAddress }).every((address) => parseGlobalAddress(address).tls)
  if (tokenPath !== '') checkTokenPath(tokenPath, 'the zone token')
  if (tls || insecure || (tokenPath === '' && tokenInline === '')) return
  throw new AppError(
    'guard-rail',
    `a token is not sent to ${globalAddress}, where others could read it: use grpcs://, or --insecure true if that is meant`,
  )
}

/** `grpc://host:port` or `grpcs://host:port`, as Kuma has it. */
export function parseGlobalAddress(address: string): { readonly target: string; readonly tls: boolean } {
  const match = /^(grpcs?):\/\/([^/]+)\/?$/.exec(address)
  if (!match) {
    throw new AppError(
      'invalid-argument',
      `the global's address must be grpcs://host:port or grpc://host:port, not ${JSON.stringify(address)}`,
    )
  }
  const [, scheme, target = ''] = match
  return { target: /:\d+$/.test(target) ? target : `${target}:443`, tls: scheme === 'grpcs' }
}

function trustOf({ kdsTlsSkipVerify, kdsRootCaFile }: ZoneConfig): ClientTrust {
  if (kdsTlsSkipVerify) return { kind: 'skip-verify' }
  if (kdsRootCaFile === '') return { kind: 'ca', caPem: undefined }
  return { kind: 'ca', caPem: readText(kdsRootCaFile, 'the CA of the global') }
}

/** Made anew for each call: a token file that was rewritten counts from the next call on. */
function headersOf(config: ZoneConfig): Headers {
  return zoneHeaders({
    zone: config.zoneName,
    version: CONTROL_PLANE_VERSION.version,
    features: HEADER_FEATURES,
    token: tokenOf(config),
    cpId: config.cpId === '' ? undefined : { header: config.cpIdHeader, id: config.cpId },
  })
}

function tokenOf({ tokenPath, tokenInline }: ZoneConfig): string | undefined {
  if (tokenPath === '') return tokenInline.trim() || undefined
  return readTokenFile(tokenPath, 'the zone token')
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read ${what} from ${file}`, { cause })
  }
}
