import { type Fault, field, refusal, withField } from './fault.js'
import { looseToken, type Members, reissued, rightClaims } from './loose-token.js'
import { misreads } from './misreads.js'

/** Faults in whom a token that verifies lets in, and for how long. */

const scopes = ({ Scope }: Members): readonly unknown[] => (Array.isArray(Scope) ? Scope : [])

export const IDENTITY_FAULTS: readonly Fault[] = [
  misreads('does not compare the zone', ['ZT-118', 'ZT-121', 'ZT-123'], (claims, zone) => ({ ...claims, Zone: zone })),
  misreads('compares zones in any case', ['ZT-119'], (claims, zone) =>
    String(claims.Zone).toLowerCase() === zone ? { ...claims, Zone: zone } : undefined,
  ),
  misreads('reads claims by name in any case', ['ZT-120'], (claims) =>
    claims.Zone === undefined && claims.zone !== undefined ? { ...claims, Zone: claims.zone } : undefined,
  ),
  misreads('takes a token without a zone for every zone', ['ZT-121'], (claims, zone) =>
    claims.Zone === undefined || claims.Zone === '' ? { ...claims, Zone: zone } : undefined,
  ),
  misreads('trims a zone', ['ZT-123'], (claims, zone) =>
    String(claims.Zone).replace(/[\s\p{Cc}]+$/u, '') === zone ? { ...claims, Zone: zone } : undefined,
  ),
  misreads('does not look at the scope', ['ZT-124', 'ZT-125', 'ZT-127'], (claims) => ({ ...claims, Scope: ['cp'] })),
  misreads('takes no scope for every scope', ['ZT-124'], (claims) =>
    scopes(claims).length === 0 && typeof claims.Scope !== 'string' ? { ...claims, Scope: ['cp'] } : undefined,
  ),
  misreads('compares scopes in any case', ['ZT-127'], (claims) =>
    scopes(claims).some((scope) => String(scope).toLowerCase() === 'cp') ? { ...claims, Scope: ['cp'] } : undefined,
  ),
  misreads('takes one scope without a list', ['ZT-128'], (claims) =>
    claims.Scope === 'cp' ? { ...claims, Scope: ['cp'] } : undefined,
  ),
  misreads('looks at the first scope only', ['ZT-126'], (claims) =>
    scopes(claims)[0] === 'cp' ? undefined : { ...claims, Scope: [] },
  ),
  misreads('wants to be the audience', ['ZT-130'], (claims) =>
    claims.aud === undefined ? undefined : { ...claims, exp: 0 },
  ),
  misreads('never looks at revocations', ['ZT-132', 'ZT-133', 'ZT-136'], (claims) => ({
    ...claims,
    jti: `fresh-${String(claims.jti)}`,
  })),
  {
    name: 'asks once a connection',
    caughtBy: ['ZT-155'],
    weaken(call, world) {
      if (call.connection.has('known'))
        return withField(call, 'authorization', reissued(rightClaims(field(call, 'client-id') ?? ''), world))
      if (field(call, 'authorization') !== undefined) call.connection.add('known')
      return call
    },
  },
  {
    name: 'says that a wrong scope is no authentication',
    caughtBy: ['ZT-124', 'ZT-125'],
    tell: (told) => (/scope/.test(told.text) ? refusal(16, told.text) : told),
  },
  {
    name: 'serves a token from its cache',
    caughtBy: ['ZT-144'],
    weaken(call, world) {
      const token = looseToken(call)
      if (token === undefined) return call
      if (world.memory.has(token.text)) {
        return withField(call, 'authorization', reissued({ ...token.claims, jti: 'cached' }, world))
      }
      world.memory.add(token.text)
      return call
    },
    tell(told, call, { memory }) {
      memory.delete(looseToken(call)?.text ?? '')
      return told
    },
  },
]
