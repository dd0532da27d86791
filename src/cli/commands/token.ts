import { AppError } from '../../base/errors.js'
import { type Command, type Input, LAB_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, openLab } from '../lab-access.js'

export const tokenIssue: Command = {
  name: 'token issue',
  group: 'Credentials',
  summary: 'Issue a token: for a zone, a user of the API, or sidecars',
  args: [
    { name: 'kind', doc: 'zone, user or dataplane', required: true },
    { name: 'name', doc: 'Of the zone, user or sidecar; a sidecar token without one fits every sidecar of its mesh' },
  ],
  flags: [
    { name: 'valid-for', value: 'TIME', doc: 'How long it holds, such as 30m or 24h', fallback: '24h' },
    { name: 'group', value: 'GROUP', doc: 'Group of the user', repeatable: true },
    { name: 'mesh', short: 'm', value: 'MESH', doc: 'Mesh of the sidecars', fallback: 'default' },
    { name: 'workload', value: 'NAME', doc: 'Workload of the sidecars' },
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: [
    'zonelab token issue zone zone-4 > zone-4.jwt',
    'zonelab token issue user ann --group mesh-system:admin --valid-for 1h',
    'zonelab token issue dataplane frontend-1 --mesh default',
  ],
  async run(context, input) {
    const { path, body } = request(input)
    const api = apiOf(await openLab(context, input), context, input)
    context.io.out(await api.postForText(path, { ...body, validFor: input.text('valid-for') ?? '24h' }))
    return EXIT.ok
  },
}

function request(input: Input): { path: string; body: object } {
  const [kind, name] = input.args
  switch (kind) {
    case 'zone':
      return { path: '/tokens/zone', body: { zone: named(name, 'zone'), scope: ['cp'] } }
    case 'user':
      return { path: '/tokens/user', body: { name: named(name, 'user'), groups: input.texts('group') } }
    case 'dataplane': {
      const workload = input.text('workload')
      const mesh = input.text('mesh') ?? 'default'
      return { path: '/tokens/dataplane', body: { mesh, ...(name && { name }), ...(workload && { workload }) } }
    }
    default:
      throw new AppError('invalid-argument', `there is no token for a "${kind}"; use zone, user or dataplane`)
  }
}

function named(name: string | undefined, kind: string): string {
  if (name === undefined) throw new AppError('invalid-argument', `say which ${kind}: zonelab token issue ${kind} NAME`)
  return name
}
