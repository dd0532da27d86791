import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { ADMIN_USER, ANONYMOUS_USER, type ApiRequest, type ApiUser, AUTHENTICATED_GROUP } from './api-user.js'
import { type UserClaims, userClaims } from './claims.js'
import { isDirectLoopback } from './localhost.js'
import { VerifiedTokens } from './verified-tokens.js'
import { type TokenTrust, type VerifyOptions, verifyToken } from './verify.js'

export interface UserAuthenticatorOptions extends VerifyOptions {
  readonly localhostIsAdmin: boolean
  /** User tokens of the control plane whose API is called. */
  readonly trust: TokenTrust
  readonly log: Logger
}

const BEARER = 'Bearer '

/** One control plane's callers. Routes that need no user (the index and the GUI) do not ask. */
export class UserAuthenticator {
  readonly #options: UserAuthenticatorOptions
  readonly #known = new VerifiedTokens<UserClaims>()

  constructor(options: UserAuthenticatorOptions) {
    this.#options = options
  }

  /**
   * A direct call from localhost is the admin and its token is not looked at; then the token after exactly `Bearer `; any
   * other header is ignored and the caller is anonymous, as in Kuma.
   * Throws `unauthenticated` with Kuma's detail text for a token that does not hold, `unavailable` when that is unknown.
   */
  async authenticate(request: ApiRequest): Promise<ApiUser> {
    if (this.#options.localhostIsAdmin && isDirectLoopback(request)) return ADMIN_USER
    const { authorization } = request.headers
    const { trust } = this.#options
    if (!authorization?.startsWith(BEARER)) return ANONYMOUS_USER
    const token = authorization.slice(BEARER.length)
    const outcome = await verifyToken({ token, schema: userClaims, trust, known: this.#known }, this.#options)
    if (outcome.kind === 'refused') throw this.#refusal(outcome.reason, outcome.jti, outcome.text)
    const { Name, Groups, jti } = outcome.claims
    // No user has an empty name: a token of another kind, signed with a key that is shared by mistake, would be one.
    if (Name === '') throw this.#refusal('no-name', jti, 'token has no user name')
    return { name: Name, groups: [...Groups, AUTHENTICATED_GROUP] }
  }

  #refusal(reason: string, jti: string | undefined, text: string): AppError {
    this.#options.log.info('user refused', { reason, jti, text })
    return new AppError('unauthenticated', 'Unauthenticated')
  }
}
