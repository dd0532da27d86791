import { parseRevocationList } from '../../auth/revocations.js'
import { generateSigningKeyPem } from '../../auth/rsa-key.js'
import { isAccessToken } from '../../auth/sat-authenticator.js'
import { newestKey } from '../../auth/store-keyring.js'
import { keyOfKid, serialOfKid } from '../../auth/token-secrets.js'
import { AppError } from '../../base/errors.js'
import { type Command, type Context, type Input, LAB_FLAG, MESH_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, openLab } from '../lab-access.js'
import { SecretAccess } from '../secret-access.js'
import { LITERAL_FLAGS, readTokenInput, TOKEN_ARGUMENT } from '../token-input.js'
import { KIND_FLAG, kindOf, partsOf, placeOf } from '../token-kinds.js'

export const tokenRevoke: Command = {
  name: 'token revoke',
  group: 'Credentials',
  summary: 'Take a token back: its id joins the list of the control plane',
  details:
    'From then on nobody gets in with it. Streams that it opened stay open, as in Kuma, until their next health check, or end\n' +
    'at once with --open-streams strict.',
  args: [TOKEN_ARGUMENT],
  flags: [
    KIND_FLAG,
    { name: 'id', value: 'JTI', doc: 'Id of the token, instead of the token; with --kind' },
    ...LITERAL_FLAGS,
    MESH_FLAG,
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: [
    'zonelab token revoke zone-1.jwt',
    'zonelab token revoke --kind user --id 4b0b3c5e-1f43-4d0c-9f43-0d5b3f6f7a10',
  ],
  async run(context, input) {
    const { id, revocations } = await idToRevoke(context, input)
    const secrets = await secretsOf(context, input)
    const list = (await secrets.read(revocations)) ?? ''
    if (parseRevocationList(list).has(id)) {
      context.io.out(`${id} is revoked already`)
      return EXIT.ok
    }
    await secrets.write(revocations, list.trim() === '' ? id : `${list.replace(/\n$/, '')},${id}`)
    context.io.out(`${id} is revoked (${revocations.type} ${revocations.name})`)
    return EXIT.ok
  },
}

async function idToRevoke(context: Context, input: Input) {
  const mesh = input.text('mesh') ?? 'default'
  const given = input.text('id')
  if (given !== undefined) return { id: checkedId(given), ...placeOf(kindOf(input, undefined), mesh) }
  const token = await readTokenInput(context, input)
  if (isAccessToken(token)) {
    throw new AppError('invalid-argument', 'an access token is revoked at the platform: DELETE it by its id there')
  }
  const parts = partsOf(token)
  const { jti } = parts?.claims ?? {}
  if (typeof jti !== 'string')
    throw new AppError('invalid-argument', 'this token has no id; delete the key that signed it')
  return { id: checkedId(jti), ...placeOf(kindOf(input, parts), mesh) }
}

/** The list is joined by commas, and an empty entry would revoke every token without an id. */
function checkedId(id: string): string {
  if (id !== '' && !/[,\s]/.test(id)) return id
  throw new AppError('invalid-argument', `${JSON.stringify(id)} cannot be in a list that is joined by commas`)
}

export const tokenRotate: Command = {
  name: 'token rotate',
  group: 'Credentials',
  summary: 'Make a new signing key; with --retire, delete an old one',
  details:
    'New tokens are signed with the new key, and those of the old one go on holding. Issue them anew, give them out, and then\n' +
    'delete the old key: its tokens let nobody in any more.',
  flags: [
    { ...KIND_FLAG, doc: 'Which tokens', fallback: 'zone' },
    { name: 'retire', value: 'KID', doc: 'Delete the key of this name instead of making one' },
    MESH_FLAG,
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: [
    'zonelab token rotate',
    'zonelab token rotate --retire 1',
    'zonelab token rotate --kind dataplane --mesh default',
  ],
  async run(context, input) {
    const kind = input.given('kind') ? kindOf(input, undefined) : 'zone'
    const { keys } = placeOf(kind, input.text('mesh') ?? 'default')
    const secrets = await secretsOf(context, input)
    const newest = newestKey(keys, await secrets.list(keys.type, keys.mesh))
    const retired = input.text('retire')
    if (retired === undefined) {
      const kid = String(serialOfKid(newest?.kid ?? '0') + 1)
      await secrets.write(keyOfKid(keys, kid), await generateSigningKeyPem())
      context.io.out(`${kind} tokens are signed with key ${kid} from now on (${keys.type} ${keyOfKid(keys, kid).name})`)
      return EXIT.ok
    }
    if (retired === newest?.kid) {
      throw new AppError(
        'guard-rail',
        `key ${retired} is the newest ${kind} key: make another first, with token rotate`,
      )
    }
    await secrets.delete(keyOfKid(keys, retired))
    context.io.out(`${kind} tokens signed with key ${retired} let nobody in from now on`)
    return EXIT.ok
  },
}

async function secretsOf(context: Context, input: Input): Promise<SecretAccess> {
  return new SecretAccess(apiOf(await openLab(context, input), context, input))
}
