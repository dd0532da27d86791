import { z } from 'zod'

/**
 * What our three kinds of token claim, exactly as on the wire: capital names, times in seconds (RFC 7519 NumericDate).
 * Member names match case-sensitively and types exactly. Go writes an empty list as null, so null lists are empty;
 * a null anywhere else is a fault. Unknown members are ignored.
 */

/** Beyond 2^53 a number is not the one that was written. Fractions are allowed (RFC 7519 §2). */
const numericDate = z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER)

const registered = {
  exp: numericDate.optional(),
  nbf: numericDate.optional(),
  iat: numericDate.optional(),
  jti: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
}

const strings = z.array(z.string()).nullish().transform(listOrEmpty)

export const zoneClaims = z.object({ ...registered, Zone: z.string().default(''), Scope: strings })

export const userClaims = z.object({ ...registered, Name: z.string().default(''), Groups: strings })

export const dataplaneClaims = z.object({
  ...registered,
  Name: z.string().default(''),
  Mesh: z.string().default(''),
  Tags: z
    .record(z.string(), z.array(z.string()).nullable().transform(listOrEmpty))
    .nullish()
    .transform((tags) => tags ?? {}),
  Type: z.string().default(''),
  Workload: z.string().default(''),
})

export type ZoneClaims = z.output<typeof zoneClaims>
export type UserClaims = z.output<typeof userClaims>
export type DataplaneClaims = z.output<typeof dataplaneClaims>

/** The claims that `verify.ts` itself looks at. */
export interface RegisteredClaims {
  readonly exp?: number | undefined
  readonly nbf?: number | undefined
  readonly iat?: number | undefined
  readonly jti?: string | undefined
  readonly aud?: string | readonly string[] | undefined
}

export type ClaimsSchema<Claims extends RegisteredClaims> = z.ZodType<Claims>

/** Well-formed and nothing more: anyone could have written them. Wrapped, so that they are never taken for verified ones. */
export interface UnverifiedClaims<Claims> {
  readonly unverified: Claims
}

/** The signature held, the time is right and the token is not revoked. Only `verify.ts` makes one. */
export type VerifiedClaims<Claims> = Claims & { readonly __brand: 'VerifiedClaims' }

function listOrEmpty(list: readonly string[] | null | undefined): readonly string[] {
  return list ?? []
}
