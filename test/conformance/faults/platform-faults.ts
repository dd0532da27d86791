import { createHash } from 'node:crypto'
import { type Fault, field, type RestAnswer, type RestCall, refusal, type SendRest } from './fault.js'
import { looseToken } from './loose-token.js'

/** Faults in what a platform and its globals keep apart: organisations, roles, lists, and what is deleted. */

const PROFILES: Fault['profiles'] = ['konnect-sat', 'kds-multitenant']
const CONTROL_PLANE = /^\/v1\/mesh\/control-planes\/[^/?]+/

const fault = (name: string, caughtBy: Fault['caughtBy'], parts: Partial<Fault>): Fault => ({
  ...{ name, caughtBy, profiles: PROFILES },
  ...parts,
})

const as = (call: RestCall, token: string | undefined): RestCall => ({ ...call, authorization: `Bearer ${token}` })
const isAccessToken = ({ authorization }: RestCall) => authorization?.startsWith('Bearer spat_') === true
const nowhere = ({ status }: RestAnswer) => status === 404

/** What is nowhere for the caller may be another organisation's. */
const elsewhere = async (call: RestCall, other: string | undefined, send: SendRest) => {
  const answer = await send(call)
  const read = { ...as(call, other), method: 'GET', path: CONTROL_PLANE.exec(call.path)?.[0] ?? '' }
  const isTheirs = nowhere(answer) && CONTROL_PLANE.test(call.path) && !nowhere(await send(read))
  return { answer, isTheirs }
}

export const PLATFORM_FAULTS: readonly Fault[] = [
  fault('reads the revocations of all control planes as one list', ['ZT-137'], {
    async weaken(call, { revokedAnywhere }) {
      const jti = looseToken(call)?.claims.jti
      if (typeof jti !== 'string' || !(await revokedAnywhere()).split(',').includes(jti)) return call
      return refusal(16, 'invalid zone token: token is revoked')
    },
  }),
  fault('says that a zone is deleted, and keeps it', ['ZT-150'], {
    async rest(call, _world, send) {
      const isDeletion = call.method === 'DELETE' && /\/api\/zones\/[^/]+$/.test(call.path)
      return isDeletion ? { status: 200, contentType: '', body: Buffer.alloc(0) } : send(call)
    },
  }),
  fault('deletes a control plane whatever is online', ['ZT-151'], {
    async rest(call, _world, send) {
      const isDeletion = call.method === 'DELETE' && CONTROL_PLANE.exec(call.path)?.[0] === call.path
      return send(isDeletion ? { ...call, path: `${call.path}?force=true` } : call)
    },
  }),
  fault('takes whoever connects zones for an admin', ['ZT-210'], {
    rest: (call, { platformToken }, send) => send(isAccessToken(call) ? as(call, platformToken) : call),
  }),
  fault('says no in a page', ['ZT-210'], {
    async rest(call, _world, send) {
      const answer = await send(call)
      return answer.status === 403 ? { ...answer, contentType: 'text/html' } : answer
    },
  }),
  fault('shows control planes of other organisations', ['ZT-211'], {
    async rest(call, { otherPlatformToken }, send) {
      const { answer, isTheirs } = await elsewhere(call, otherPlatformToken, send)
      return isTheirs && call.method === 'GET' ? send(as(call, otherPlatformToken)) : answer
    },
  }),
  fault("tells another organisation's control plane from none", ['ZT-211'], {
    async rest(call, { otherPlatformToken }, send) {
      const { answer, isTheirs } = await elsewhere(call, otherPlatformToken, send)
      return isTheirs ? { ...answer, status: 403 } : answer
    },
  }),
  {
    name: 'sends zones the signing key',
    caughtBy: ['ZT-213'],
    sends: (call, { privateKey }) =>
      field(call, ':path')?.endsWith('/GlobalToZoneSync')
        ? privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
        : undefined,
  },
  {
    name: 'lists secrets for whoever asks',
    caughtBy: ['ZT-213'],
    rest: (call, { adminToken }, send) =>
      send(call.method === 'GET' && call.path.startsWith('/global-secrets') ? as(call, adminToken) : call),
  },
  fault('shows digests of tokens in its lists', ['ZT-213'], {
    async rest(call, { memory }, send) {
      const answer = await send(call)
      const [, token] = /"token": ?"(spat_\w+)"/.exec(answer.body.toString()) ?? []
      if (token !== undefined) memory.add(createHash('sha256').update(token).digest('hex'))
      const isList = call.method === 'GET' && call.path.endsWith('/access-tokens')
      return isList ? { ...answer, body: Buffer.from(`${answer.body}\n${[...memory].join()}`) } : answer
    },
  }),
  fault('takes longer over a token that begins as a good one', ['ZT-188'], {
    served: (call, { memory }) => void memory.add(field(call, 'authorization')?.slice(0, 40) ?? ''),
    async weaken(call, { memory, sleep }) {
      if (memory.has(field(call, 'authorization')?.slice(0, 40) ?? '')) await sleep(3)
      return call
    },
  }),
  fault('takes what is no uuid for a control plane that it does not know', ['ZT-161'], {
    weaken(call) {
      const id = field(call, 'x-konnect-cp-id') ?? ''
      return /^[a-z0-9-]+$/.test(id) && !/^[0-9a-f-]{36}$/i.test(id) ? refusal(7, 'the token may not connect') : call
    },
  }),
]
