import { type Fault, field } from './fault.js'
import { holds, type LooseToken, type Members, takes } from './loose-token.js'

/** A verifier that is right but for reading some claims otherwise; undefined: it reads them as it should. */
export const misreads = (
  name: string,
  caughtBy: Fault['caughtBy'],
  read: (claims: Members, zone: string | undefined, token: LooseToken) => Members | undefined,
): Fault =>
  takes(name, caughtBy, (token, world, call) => {
    if (token.header.alg !== 'RS256' || token.header.kid !== world.kid || !holds(token, world.publicKey))
      return undefined
    return read(token.claims, field(call, 'client-id'), token)
  })
