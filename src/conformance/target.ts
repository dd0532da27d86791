import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { issueZoneToken, ZONE_CP_SCOPE } from '../auth/issue.js'
import { type KeyPlace, ZONE_KEYS } from '../auth/token-secrets.js'
import { CP_ID_HEADER } from '../auth/zone-call.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { AdmissionProbe } from './admission-probe.js'
import type { SigningMaterial } from './bench.js'
import type { ApiEndpoint, Endpoint, PlatformEndpoint } from './controller.js'
import { type Dial, Http2Connection } from './http2/connection.js'
import { TargetApi } from './target-api.js'
import { readSigningKey } from './target-keys.js'
import { TargetPlatform } from './target-platform.js'

export interface TargetPorts {
  readonly clock: Clock
  readonly random: Random
}

/** What the operator handed over beside the endpoint. */
export interface Credentials {
  /** The private key of the tokens that are judged. */
  readonly signing?: { readonly kid: string; readonly privateKey: KeyObject }
  /** A legal token, and the zone that it is for. */
  readonly token?: { readonly text: string; readonly zone: string }
}

/** How long a legal token of the suite holds: longer than any run. */
const VALID_FOR_MS = 3_600_000
/** A machine that is full takes its time over a handshake. */
const CONNECT_WITHIN_MS = 15_000

/** One global control plane that is judged: where it is, and how legal calls of it are made. */
export class Target {
  readonly endpoint: Endpoint
  readonly clock: Clock
  readonly random: Random
  /** Undefined: `keys` cases cannot run. */
  readonly signing: SigningMaterial | undefined
  /** It was not handed over. */
  readonly isKeyFromApi: boolean
  /** Where the API has the keys of the tokens that are judged. */
  readonly keyPlace: KeyPlace
  /** Undefined: `api` cases cannot run. */
  readonly api: TargetApi | undefined
  /** Undefined: `platform` cases cannot run. */
  readonly platform: TargetPlatform | undefined
  readonly #token: Credentials['token']

  private constructor(
    endpoint: Endpoint,
    ports: TargetPorts,
    facts: Pick<Target, 'signing' | 'isKeyFromApi' | 'keyPlace' | 'api' | 'platform'> & Pick<Credentials, 'token'>,
  ) {
    this.endpoint = endpoint
    this.clock = ports.clock
    this.random = ports.random
    this.signing = facts.signing
    this.isKeyFromApi = facts.isKeyFromApi
    this.keyPlace = facts.keyPlace
    this.api = facts.api
    this.platform = facts.platform
    this.#token = facts.token
  }

  /**
   * Learns the signing key of the tokens that are judged from the API where none was handed over and the user may read it.
   * Makes a control plane at the platform where there is one.
   */
  static async of(
    given: Endpoint,
    credentials: Credentials,
    ports: TargetPorts,
    keyPlace: KeyPlace = ZONE_KEYS,
  ): Promise<Target> {
    const platform = given.platform && platformOf(given, given.platform, ports)
    const endpoint = platform ? await withControlPlane(given, platform) : given
    const api = endpoint.api && new TargetApi(endpoint.api, ports.clock, platform ? '--platform-ca' : '--api-ca')
    const isKeyFromApi = credentials.signing === undefined
    const key = credentials.signing ?? (api && (await storedKey(api, keyPlace)))
    const signing = key && { ...key, publicKey: createPublicKey(key.privateKey) }
    const { token } = credentials
    return new Target(endpoint, ports, { signing, isKeyFromApi, keyPlace, api, platform, ...(token && { token }) })
  }

  /** Throws AppError `invalid-argument` when it is not at hand. */
  signingKey(): SigningMaterial {
    if (this.signing !== undefined) return this.signing
    throw new AppError('invalid-argument', 'the private signing key is not at hand; give --signing-key')
  }

  /** Throws AppError `invalid-argument` where the target has none. */
  get requiredPlatform(): TargetPlatform {
    if (this.platform !== undefined) return this.platform
    throw new AppError('invalid-argument', 'this target has no platform; give --platform')
  }

  /** Throws AppError `invalid-argument` where the target has none. */
  get apiEndpoint(): ApiEndpoint {
    if (this.endpoint.api !== undefined) return this.endpoint.api
    throw new AppError('invalid-argument', 'this target has no API; give --api')
  }

  get bootstrapEndpoint(): ApiEndpoint {
    const { address, bootstrap, trust } = this.endpoint
    const caPem = trust.kind === 'ca' ? trust.caPem : undefined
    return bootstrap ?? { url: `https://${address}`, userToken: undefined, ...(caPem !== undefined && { caPem }) }
  }

  /** Zones may be named freely; otherwise only the one of the token. */
  get namesZones(): boolean {
    return this.signing !== undefined || this.endpoint.api?.userToken !== undefined
  }

  /** The only zone that a legal token is for, when zones cannot be named. */
  get onlyZone(): string | undefined {
    return this.namesZones ? undefined : this.#token?.zone
  }

  /** From the platform, else the signing key, else the API, else the one that was handed over. Throws AppError. */
  async legalToken(zone: string): Promise<string> {
    const { signing, clock, random, api, platform, endpoint } = this
    if (platform && endpoint.cpId) return platform.connector(endpoint.cpId.id)
    if (signing !== undefined) {
      const keys = { latest: async () => ({ kid: signing.kid, privateKey: signing.privateKey }) }
      return issueZoneToken({ zone, scope: [ZONE_CP_SCOPE] }, VALID_FOR_MS, { keys, clock, random })
    }
    if (api !== undefined && this.namesZones) {
      return api.issue('/tokens/zone', { zone, scope: [ZONE_CP_SCOPE], validFor: `${VALID_FOR_MS / 1000}s` })
    }
    if (this.#token?.zone === zone) return this.#token.text
    throw new AppError(
      'invalid-argument',
      'there is no way to a legal token; give --token-file, --signing-key or --api',
    )
  }

  /** Throws AppError `unavailable`. */
  async connect(changes: Partial<Dial> = {}): Promise<Http2Connection> {
    return Http2Connection.dial({ ...dialOf(this.endpoint, this.clock), ...changes })
  }
}

function dialOf({ address, trust }: Endpoint, clock: Clock): Dial {
  return { ...placeOf(address), trust, withinMs: CONNECT_WITHIN_MS, clock }
}

function platformOf(endpoint: Endpoint, platform: PlatformEndpoint, { clock, random }: TargetPorts): TargetPlatform {
  const zone = `zl-conf-${random.uuid().slice(0, 8)}-nobody`
  const admission = new AdmissionProbe({ endpoint, dial: dialOf(endpoint, clock), clock, zone })
  return new TargetPlatform(platform, { clock, random, admission, home: endpoint.cpId?.id })
}

async function withControlPlane(endpoint: Endpoint, platform: TargetPlatform): Promise<Endpoint> {
  const { header, id } = endpoint.cpId ?? { header: CP_ID_HEADER, id: (await platform.newControlPlane()).id }
  return { ...endpoint, api: platform.apiOf(id), cpId: { header, id } }
}

export function placeOf(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`tcp://${address}`)
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

/** An RSA key that no target has heard of. Takes about 100 ms, so it is made once a run. */
export function strangerKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

/** Not every user may read secrets, and not every API has them: then `keys` cases are not run, which is said. */
async function storedKey(api: TargetApi, keys: KeyPlace): Promise<{ kid: string; privateKey: KeyObject } | undefined> {
  try {
    return await readSigningKey(api, keys)
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code === 'unavailable' || error.code === 'unauthenticated') throw error
    return undefined
  }
}
