import type { Fault } from './fault.js'
import { misreads } from './misreads.js'

/** Faults in what the claims of a token with a sound signature are taken to say. */

const nowS = () => Math.floor(Date.now() / 1000)
const soon = () => nowS() + 600

export const CLAIM_FAULTS: readonly Fault[] = [
  misreads('ignores exp', ['ZT-097', 'ZT-098'], (claims) => ({ ...claims, exp: soon() })),
  misreads('takes a token on the second of its end', ['ZT-098'], (claims) =>
    claims.exp === nowS() ? { ...claims, exp: soon() } : undefined,
  ),
  misreads('gives ten seconds of leeway', ['ZT-097'], (claims) =>
    typeof claims.exp === 'number' ? { ...claims, exp: claims.exp + 10 } : undefined,
  ),
  misreads('takes a token without exp', ['ZT-101'], (claims) =>
    claims.exp === undefined ? { ...claims, exp: soon() } : undefined,
  ),
  misreads('takes null for absent', ['ZT-102'], (claims) =>
    claims.exp === null ? { ...claims, exp: soon() } : undefined,
  ),
  misreads('takes a number in quotes', ['ZT-103'], (claims) =>
    typeof claims.exp === 'string' && !Number.isNaN(Number(claims.exp)) ? { ...claims, exp: soon() } : undefined,
  ),
  misreads('takes an exp of any other type', ['ZT-104'], (claims) =>
    claims.exp !== undefined && typeof claims.exp !== 'number' ? { ...claims, exp: soon() } : undefined,
  ),
  misreads('takes infinity for a time', ['ZT-107'], (claims, _zone, { segments }) =>
    /e\+?400/.test(Buffer.from(segments[1] ?? '', 'base64').toString())
      ? { ...claims, exp: soon(), nbf: nowS() - 5, iat: nowS() }
      : undefined,
  ),
  misreads('takes a time that no clock shows', ['ZT-108', 'ZT-109'], (claims) =>
    Number(claims.exp) > 1e12 && Number.isFinite(claims.exp) ? { ...claims, exp: soon() } : undefined,
  ),
  misreads('ignores nbf', ['ZT-110', 'ZT-111'], (claims) => ({ ...claims, nbf: nowS() - 5 })),
  misreads('wants nbf and iat', ['ZT-112'], (claims) =>
    claims.nbf === undefined || claims.iat === undefined ? { ...claims, exp: 0 } : undefined,
  ),
  misreads('refuses an iat in the future', ['ZT-113'], (claims) =>
    Number(claims.iat) > nowS() + 60 ? { ...claims, exp: 0 } : undefined,
  ),
]
