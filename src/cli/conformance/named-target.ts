import { readFileSync } from 'node:fs'
import { parsePrivateKey } from '../../auth/rsa-key.js'
import { readTokenFile } from '../../auth/token-file.js'
import { CP_ID_HEADER } from '../../auth/zone-call.js'
import { AppError } from '../../base/errors.js'
import type { Endpoint } from '../../conformance/controller.js'
import type { Profile } from '../../conformance/matrix.js'
import { type Credentials, placeOf } from '../../conformance/target.js'
import type { ClientTrust } from '../../transport/grpc/client-trust.js'
import type { Context, Input } from '../command.js'
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
  const address = input.text('target')
  const hasLab = input.text('lab') !== undefined
  const ofLab = ['tenant', 'zone'].find((flag) => input.given(flag))
  if (ofLab !== undefined && !hasLab) {
    throw new AppError('invalid-argument', `--${ofLab} is for --lab; another target is named by its own addresses`)
  }
  if (address === undefined) {
    return hasLab ? { endpoint: await labEndpoint(context, input, profiles), credentials: {} } : undefined
  }
  if (hasLab) throw new AppError('invalid-argument', '--lab and --target name two targets; use one of them')
  const endpoint = flaggedEndpoint(address, input)
  if (endpoint.platform !== undefined && !needsPlatform(profiles)) {
    throw new AppError('invalid-argument', '--platform is for --profile konnect-sat and kds-multitenant')
  }
  guard(endpoint.address, input.text('allow-target'))
  return { endpoint, credentials: flaggedCredentials(input) }
}

function flaggedEndpoint(address: string, input: Input): Endpoint {
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
        url: api,
        userToken: userToken && readTokenFile(userToken, 'the user token'),
        ...(apiCa !== undefined && { caPem: readText(apiCa) }),
      },
    }),
    ...(bootstrap !== undefined && {
      bootstrap: {
        url: bootstrap,
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
      url,
      userToken: readTokenFile(file, 'the token of the organisation admin'),
      ...(other !== undefined && { otherUserToken: readTokenFile(other, 'the token of the other organisation') }),
      ...(ca !== undefined && { caPem: readText(ca) }),
      region: input.text('region') ?? 'us',
    },
  }
}

function flaggedCredentials(input: Input): Credentials {
  const keyFile = input.text('signing-key')
  const tokenFile = input.text('token-file')
  return {
    ...(keyFile !== undefined && {
      signing: { kid: input.text('kid') ?? '1', privateKey: parsePrivateKey(Buffer.from(readText(keyFile))) },
    }),
    ...(tokenFile !== undefined && { token: tokenOf(readTokenFile(tokenFile, 'the zone token')) }),
  }
}

/** The zone that a token is for is said by itself. */
function tokenOf(text: string): NonNullable<Credentials['token']> {
  const [, payload = ''] = text.split('.')
  let zone: unknown
  try {
    zone = (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { Zone?: unknown }).Zone
  } catch {
    zone = undefined
  }
  if (typeof zone !== 'string' || zone === '') {
    throw new AppError('invalid-argument', 'the token of --token-file names no zone; use a zone token')
  }
  return { text, zone }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

function guard(address: string, allowed: string | undefined): void {
  if (LOOPBACK.test(placeOf(address).host) || address === allowed) return
  throw new AppError(
    'guard-rail',
    `${address} is not on this machine, and the cases are hostile; if it is yours to test: --allow-target ${address}`,
  )
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read ${path}`, { cause })
  }
}
