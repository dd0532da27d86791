import { dataplaneClaims, userClaims } from '../../auth/claims.js'
import { parseRevocationList } from '../../auth/revocations.js'
import { isAccessToken } from '../../auth/sat-authenticator.js'
import { type ConfiguredKey, readPublicKeys, staticKeyring } from '../../auth/static-keyring.js'
import { TenantTrust } from '../../auth/tenant-trust.js'
import { parseConfiguredKeys } from '../../auth/token-settings.js'
import { VerifiedTokens } from '../../auth/verified-tokens.js'
import { type TokenTrust, verifyToken } from '../../auth/verify.js'
import { ZoneTokenAuthenticator } from '../../auth/zone-token-authenticator.js'
import { AppError } from '../../base/errors.js'
import { silentLogger } from '../../base/log.js'
import { DEFAULT_TENANT } from '../../model/tenant.js'
import { type Command, type Context, type Input, LAB_FLAG, MESH_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, openLab } from '../lab-access.js'
import { SecretAccess } from '../secret-access.js'
import { LITERAL_FLAGS, readNamed, readTokenInput, TOKEN_ARGUMENT } from '../token-input.js'
import { KIND_FLAG, kindOf, partsOf, type TokenKind } from '../token-kinds.js'

export const tokenVerify: Command = {
  name: 'token verify',
  group: 'Credentials',
  summary: 'Whether a token holds; if not, the rule that refuses it, and exit code 1',
  details:
    "By the keys and revocations of the lab's global; or with --public-key or --key-set by those alone, without a lab. A key set\n" +
    'is a JSON list of {kid, key} with PEM texts, as in the settings of a control plane.',
  args: [TOKEN_ARGUMENT],
  flags: [
    KIND_FLAG,
    { name: 'zone', value: 'ZONE', doc: 'Zone that presents the zone token; without it, the one that it names' },
    { name: 'public-key', value: 'FILE', doc: 'Public key (PEM) to verify with' },
    { name: 'kid', value: 'KID', doc: 'Name of that key' },
    { name: 'key-set', value: 'FILE', doc: 'Public keys to verify with' },
    { name: 'revocations', value: 'FILE', doc: 'List of revoked ids, joined by commas; with a key or key set' },
    { name: 'audience', value: 'ID', doc: 'Audience that the token has to name' },
    ...LITERAL_FLAGS,
    MESH_FLAG,
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: [
    'zonelab token verify zone-1.jwt',
    'zonelab token verify zone-1.jwt --public-key key.pub.pem --kid offline-1',
    'zonelab token verify --kind user --key-set keys.json < ann.jwt',
  ],
  async run(context, input) {
    const token = await readTokenInput(context, input)
    if (isAccessToken(token)) {
      throw new AppError(
        'invalid-argument',
        'an access token means nothing by itself: the platform that issued it knows it',
      )
    }
    const kind = kindOf(input, partsOf(token))
    const verdict = await judge(token, kind, await trustOf(kind, context, input), context, input)
    const { io } = context
    if (verdict.kind === 'refused') io.out(`${io.paint('red', 'refused')}: ${verdict.reason}: ${verdict.text}`)
    else io.out(`${io.paint('green', 'holds')}: ${verdict.text}`)
    return verdict.kind === 'refused' ? EXIT.error : EXIT.ok
  },
}

type Verdict =
  | { readonly kind: 'refused'; readonly reason: string; readonly text: string }
  | { readonly kind: 'holds'; readonly text: string }

async function judge(
  token: string,
  kind: TokenKind,
  trust: TokenTrust,
  { clock }: Context,
  input: Input,
): Promise<Verdict> {
  const audience = input.text('audience')
  const options = { clock, ...(audience !== undefined && { audience }) }
  if (kind === 'zone') {
    const zone = input.text('zone') ?? String(partsOf(token)?.claims.Zone ?? '')
    const zones = new ZoneTokenAuthenticator({ ...options, trust: { find: () => trust }, refusals: 'detailed' })
    const outcome = await zones.authenticate({ zone, tenant: DEFAULT_TENANT }, token)
    if (outcome.kind === 'refused') return outcome
    const { kid, jti, expiresAtMs } = outcome.credential
    return { kind: 'holds', text: `zone ${zone}, ${described(kid, jti, expiresAtMs)}` }
  }
  const schema = kind === 'user' ? userClaims : dataplaneClaims
  const outcome = await verifyToken<{ Name: string; jti?: string | undefined; Mesh?: string }>(
    { token, schema, trust, known: new VerifiedTokens() },
    options,
  )
  if (outcome.kind === 'refused') return outcome
  const { claims, kid, expiresAtMs } = outcome
  // What would be a token of another kind, signed with a key that is shared by mistake.
  if (kind === 'user' && claims.Name === '') return { kind: 'refused', reason: 'no-name', text: 'it names no user' }
  if (kind === 'dataplane' && !claims.Mesh) return { kind: 'refused', reason: 'no-mesh', text: 'it names no mesh' }
  const whose = kind === 'user' ? `user ${claims.Name}` : `sidecar ${claims.Name || '(any)'} of mesh ${claims.Mesh}`
  return { kind: 'holds', text: `${whose}, ${described(kid, claims.jti, expiresAtMs)}` }
}

function described(kid: string, jti: string | undefined, expiresAtMs: number): string {
  return `key ${kid}, id ${jti ?? '(none)'}, until ${new Date(expiresAtMs).toISOString()}`
}

async function trustOf(kind: TokenKind, context: Context, input: Input): Promise<TokenTrust> {
  const keys = configuredKeys(input)
  if (keys !== undefined) {
    const file = input.text('revocations')
    const revoked = parseRevocationList(file === undefined ? '' : readNamed(file))
    return { keys: staticKeyring(readPublicKeys(keys)), revocations: { isRevoked: async (jti) => revoked.has(jti) } }
  }
  const { clock, random } = context
  const api = apiOf(await openLab(context, input), context, input)
  const mesh = input.text('mesh') ?? 'default'
  const trust = new TenantTrust({ store: new SecretAccess(api).source(mesh), clock, random, log: silentLogger })
  return kind === 'dataplane' ? trust.dataplane(mesh) : trust[kind]
}

/** Undefined: the lab's are asked. */
function configuredKeys(input: Input): readonly ConfiguredKey[] | undefined {
  const pem = input.text('public-key')
  const set = input.text('key-set')
  if (pem !== undefined) {
    const kid = input.text('kid')
    if (kid === undefined) throw new AppError('invalid-argument', 'say what the key is called: --kid KID')
    return [{ kid, key: readNamed(pem) }]
  }
  return set === undefined ? undefined : parseKeySet(readNamed(set), set)
}

function parseKeySet(text: string, file: string): readonly ConfiguredKey[] {
  try {
    return parseConfiguredKeys(text)
  } catch (thrown) {
    throw new AppError('invalid-argument', `${file}: ${(thrown as Error).message}`)
  }
}
