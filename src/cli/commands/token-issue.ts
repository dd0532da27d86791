import {
  type IssuerPorts,
  issueDataplaneToken,
  issueUserToken,
  issueZoneToken,
  VALID_FOR_DEFAULT_MS,
} from '../../auth/issue.js'
import { staticSigningKey } from '../../auth/static-keyring.js'
import { AppError } from '../../base/errors.js'
import { parseDurationMs } from '../../model/duration.js'
import { type Command, type Context, type Input, LAB_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, openLab } from '../lab-access.js'
import { readNamed } from '../token-input.js'

const VALID_FOR = '24h'

export const tokenIssue: Command = {
  name: 'token issue',
  group: 'Credentials',
  summary: 'Issue a token: for a zone, a user of the API, or sidecars',
  details:
    "By the lab's global, with its newest key; or with --signing-key by this command alone, for control planes that have the\n" +
    'public half of that key in their configuration.',
  args: [
    { name: 'kind', doc: 'zone, user or dataplane', required: true },
    { name: 'name', doc: 'Of the zone, user or sidecar; a sidecar token without one fits every sidecar of its mesh' },
  ],
  flags: [
    { name: 'valid-for', value: 'TIME', doc: 'How long it holds, such as 30m or 24h', fallback: VALID_FOR },
    { name: 'scope', value: 'SCOPE', doc: 'Scope of the zone token', fallback: 'cp', repeatable: true },
    { name: 'group', value: 'GROUP', doc: 'Group of the user', repeatable: true },
    { name: 'mesh', short: 'm', value: 'MESH', doc: 'Mesh of the sidecars', fallback: 'default' },
    { name: 'workload', value: 'NAME', doc: 'Workload of the sidecars' },
    { name: 'tag', value: 'KEY=VALUE', doc: 'Label that the sidecars must have', repeatable: true },
    { name: 'signing-key', value: 'FILE', doc: 'Private key (PEM) to sign with, without a lab' },
    { name: 'kid', value: 'KID', doc: 'Name of that key' },
    { name: 'audience', value: 'ID', doc: 'Control plane that the zone token names; with --signing-key' },
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: [
    'zonelab token issue zone zone-4 > zone-4.jwt',
    'zonelab token issue user ann --group mesh-system:admin --valid-for 1h',
    'zonelab token issue dataplane frontend-1 --mesh default',
    'zonelab token issue zone zone-4 --signing-key key.pem --kid offline-1',
  ],
  async run(context, input) {
    const asked = request(input)
    const validFor = input.text('valid-for') ?? VALID_FOR
    context.io.out(
      input.given('signing-key')
        ? await issueHere(asked, validFor, context, input)
        : await apiOf(await openLab(context, input), context, input).postForText(asked.path, {
            ...asked.body,
            validFor,
          }),
    )
    return EXIT.ok
  },
}

type Asked =
  | { readonly path: '/tokens/zone'; readonly body: { zone: string; scope: readonly string[] } }
  | { readonly path: '/tokens/user'; readonly body: { name: string; groups: readonly string[] } }
  | {
      readonly path: '/tokens/dataplane'
      readonly body: { name: string; mesh: string; tags: Record<string, string[]>; type: string; workload: string }
    }

function request(input: Input): Asked {
  const [kind, name] = input.args
  switch (kind) {
    case 'zone': {
      const scope = input.texts('scope')
      return { path: '/tokens/zone', body: { zone: named(name, 'zone'), scope: scope.length === 0 ? ['cp'] : scope } }
    }
    case 'user':
      return { path: '/tokens/user', body: { name: named(name, 'user'), groups: input.texts('group') } }
    case 'dataplane':
      return {
        path: '/tokens/dataplane',
        body: {
          name: name ?? '',
          mesh: input.text('mesh') ?? 'default',
          tags: tagsOf(input.texts('tag')),
          type: '',
          workload: input.text('workload') ?? '',
        },
      }
    default:
      throw new AppError('invalid-argument', `there is no token for a "${kind}"; use zone, user or dataplane`)
  }
}

function issueHere(asked: Asked, validFor: string, { clock, random }: Context, input: Input): Promise<string> {
  const kid = input.text('kid')
  if (kid === undefined) throw new AppError('invalid-argument', 'say what the key is called: --kid KID')
  const validForMs = validFor === '' ? VALID_FOR_DEFAULT_MS : parseDurationMs(validFor)
  const pem = readNamed(input.text('signing-key') ?? '')
  const ports: IssuerPorts = { keys: staticSigningKey(kid, pem), clock, random }
  const audience = input.text('audience')
  switch (asked.path) {
    case '/tokens/zone':
      return issueZoneToken({ ...asked.body, ...(audience !== undefined && { audience }) }, validForMs, ports)
    case '/tokens/user':
      return issueUserToken(asked.body, validForMs, ports)
    case '/tokens/dataplane':
      return issueDataplaneToken(asked.body, validForMs, ports)
  }
}

function tagsOf(pairs: readonly string[]): Record<string, string[]> {
  const tags: Record<string, string[]> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw new AppError('invalid-argument', `--tag ${pair}: use KEY=VALUE`)
    const key = pair.slice(0, at)
    tags[key] = [...(tags[key] ?? []), pair.slice(at + 1)]
  }
  return tags
}

function named(name: string | undefined, kind: string): string {
  if (name === undefined) throw new AppError('invalid-argument', `say which ${kind}: zonelab token issue ${kind} NAME`)
  return name
}
