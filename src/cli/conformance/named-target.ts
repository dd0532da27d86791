import { readFileSync } from 'node:fs'
import { parsePrivateKey } from '../../auth/rsa-key.js'
import { readTokenFile } from '../../auth/token-file.js'
import { CP_ID_HEADER } from '../../auth/zone-call.js'
import { AppError } from '../../base/errors.js'
import type { Endpoint } from '../../conformance/controller.js'
import { wayOfAll } from '../../conformance/door.js'
import type { Profile } from '../../conformance/matrix.js'
import type { Credentials } from '../../conformance/target.js'
import type { ClientTrust } from '../../transport/grpc/client-trust.js'
import type { Context, Input } from '../command.js'
import { partsOf } from '../token-kinds.js'
import { requireAllowedEndpoint } from './allowed-endpoint.js'
import { TARGET_FLAGS } from './flags.js'
import { labEndpoint } from './lab-target.js'
import { needsPlatform } from './selection.js'

export interface NamedTarget {
  readonly endpoint: Endpoint
  readonly credentials: Credentials
}

/** Undefined: none was named, so that a throw-away one is made. Throws `invalid-argument`, `guard-rail`, `unavailable`. */
export async function namedTarget(
  context: Context,
  input: Input,
  profiles: readonly Profile[],
): Promise<NamedTarget | undefined> {
  const address = input.text('target') ?? (wayOfAll(profiles) === 'rest' ? apiAddress(input) : undefined)
  const hasLab = input.text('lab') !== undefined
  const ofLab = OF_LAB.find((flag) => input.given(flag))
  if (ofLab !== undefined && !hasLab) {
    throw new AppError('invalid-argument', `--${ofLab} is for --lab; another target is named by its own addresses`)
  }
  if (address === undefined) {
    const stray = TARGET_FLAGS.find(({ name }) => !['lab', ...OF_LAB].includes(name) && input.given(name))
    // A run that passed it over would judge another target than was meant.
    if (stray !== undefined) throw new AppError('invalid-argument', `--${stray.name} goes with --target`)
    return hasLab ? { endpoint: await labEndpoint(context, input, profiles), credentials: {} } : undefined
  }
  if (hasLab) {
    throw new AppError('invalid-argument', '--lab names a target, and --target or --api another; use one of them')
  }
  const endpoint = flaggedEndpoint(address, input, context)
  const credentials = flaggedCredentials(input, context)
  if (endpoint.platform !== undefined && !needsPlatform(profiles)) {
    throw new AppError('invalid-argument', '--platform is for --profile konnect-sat and kds-multitenant')
  }
  requireAllowedEndpoint(endpoint, input.texts('allow-target'))
  return { endpoint, credentials }
}

const OF_LAB = ['tenant', 'zone']

/** Where user tokens are judged nothing but the API is needed. */
function apiAddress(input: Input): string | undefined {
  const api = input.text('api')
  if (api === undefined) return undefined
  const { hostname, port, protocol } = new URL(webUrl('api', api))
  return `${protocol === 'https:' ? '' : 'grpc://'}${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}

function flaggedEndpoint(address: string, input: Input, context: Context): Endpoint {
  const plaintext = address.startsWith('grpc://')
  const bare = address.replace(/^grpcs?:\/\//, '')
  if (!/^(?:\[[^\]]+\]|[^:]+):\d+$/.test(bare)) {
    throw new AppError('invalid-argument', `--target ${address}: use host:port, or grpc://host:port for plaintext`)
  }
  const caFile = input.text('ca')
  const trust: ClientTrust = plaintext ? { kind: 'plaintext' } : { kind: 'ca', caPem: caFile && readText(caFile) }
  const api = input.text('api')
  const apiCa = input.text('api-ca')
  const userToken = input.text('user-token-file')
  const cpId = input.text('cp-id')
  const bootstrap = input.text('bootstrap')
  return {
    address: bare,
    trust,
    ...(api !== undefined && {
      api: {
        url: webUrl('api', api),
        userToken: userToken && tokenInForce(userToken, 'the user token', context),
        ...(apiCa !== undefined && { caPem: readText(apiCa) }),
      },
    }),
    ...(bootstrap !== undefined && {
      bootstrap: {
        url: webUrl('bootstrap', bootstrap),
        userToken: undefined,
        ...(trust.kind === 'ca' && trust.caPem !== undefined && { caPem: trust.caPem }),
      },
    }),
    ...(cpId !== undefined && { cpId: { header: input.text('cp-id-header') ?? CP_ID_HEADER, id: cpId } }),
    ...flaggedPlatform(input),
  }
}

function flaggedPlatform(input: Input): Pick<Endpoint, 'platform'> {
  const url = input.text('platform')
  if (url === undefined) return {}
  const file = input.text('user-token-file')
  if (file === undefined) throw new AppError('invalid-argument', '--platform needs --user-token-file')
  const other = input.text('other-user-token-file')
  const ca = input.text('platform-ca')
  return {
    platform: {
      url: webUrl('platform', url),
      userToken: readTokenFile(file, 'the token of the organisation admin'),
      ...(other !== undefined && { otherUserToken: readTokenFile(other, 'the token of the other organisation') }),
      ...(ca !== undefined && { caPem: readText(ca) }),
      region: input.text('region') ?? 'us',
    },
  }
}

function flaggedCredentials(input: Input, context: Context): Credentials {
  const keyFile = input.text('signing-key')
  const tokenFile = input.text('token-file')
  return {
    ...(keyFile !== undefined && {
      signing: { kid: input.text('kid') ?? '1', privateKey: parsePrivateKey(Buffer.from(readText(keyFile))) },
    }),
    ...(tokenFile !== undefined && { token: tokenOf(tokenInForce(tokenFile, 'the zone token', context)) }),
  }
}

/** The zone that a token is for is said by itself. */
function tokenOf(text: string): NonNullable<Credentials['token']> {
  const zone = partsOf(text)?.claims.Zone
  if (typeof zone === 'string' && zone !== '') return { text, zone }
  throw new AppError('invalid-argument', 'the token of --token-file names no zone; use a zone token')
}

/** Throws `unauthenticated` for one that says itself that it has ended: the target would only say that it refuses it. */
function tokenInForce(file: string, what: string, { clock }: Context): string {
  const token = readTokenFile(file, what)
  if (/[^\x21-\x7e]/.test(token)) {
    throw new AppError(
      'invalid-argument',
      `${what} in ${file} has a character that no token has; is it the right file?`,
    )
  }
  const { exp } = partsOf(token)?.claims ?? {}
  if (typeof exp !== 'number' || exp * 1_000 > clock.nowMs()) return token
  const when = new Date(exp * 1_000).toISOString()
  throw new AppError('unauthenticated', `${what} in ${file} expired at ${when}; issue another`)
}

/** Throws `invalid-argument`. */
function webUrl(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text
  throw new AppError('invalid-argument', `--${flag} ${text}: use http://host:port or https://host:port`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read ${path}`, { cause })
  }
}
