import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { parseTenantId, type TenantId } from '../model/tenant.js'
import { LineReader } from './line-reader.js'

/**
 * What a global has to know to admit zones with tokens that the platform issues: one JSON object a line, over one
 * `GET /internal/shards/{shard}/feed` that stays open. First `reset`, the whole state and `complete`; then changes in the
 * same form, and a `heartbeat` every second. Tokens are named by digest; no token travels here.
 */

/** The SHA-256 of a whole token, prefix and all, in lower-case hexadecimal. */
const digest = z.string().regex(/^[0-9a-f]{64}$/)
const id = z.string().min(1).max(128)
const name = z.string().max(256)
const region = z.string().min(1).max(32)
const revision = z.number().int().nonnegative()

/** Compared by value, so upper case is taken (RFC 9562 §4). */
export const controlPlaneId = z.string().transform((text, context): TenantId => {
  try {
    return parseTenantId(text.toLowerCase())
  } catch {
    context.addIssue({ code: 'custom', message: 'expected the id of a control plane' })
    return z.NEVER
  }
})

const grant = z.object({
  role: z.enum(['Admin', 'Connector', 'Creator', 'Viewer']),
  controlPlane: z.union([z.literal('*'), controlPlaneId]),
  region,
})

const controlPlane = z.object({
  kind: z.literal('control-plane'),
  id: controlPlaneId,
  organization: id,
  region,
  /** What zones may present: an access token, a zone JWT of this control plane, or either. */
  zoneCredentials: z.enum(['sat', 'zone-token', 'both']),
  /** Whether the token of a person counts as one of a system account does. */
  personalTokens: z.boolean(),
  organizationState: z.enum(['active', 'inactive', 'deleting', 'deleted']),
})

const credential = z.object({
  kind: z.literal('credential'),
  digest,
  /** The token's id, for logs and audit. */
  id,
  /** `sat` begins with `spat_`, `pat` with `kpat_`. */
  tokenKind: z.enum(['sat', 'pat']),
  holder: z.object({ kind: z.enum(['account', 'user']), id, name }),
  organization: id,
  expiresAtMs: z.number().int(),
  /** The one zone of a managed account; absent: any zone of the control planes that the grants name. */
  zone: z.object({ controlPlane: controlPlaneId, name }).optional(),
  /** All that the holder has, teams included; `*` is every control plane of the organisation, every region. */
  grants: z.array(grant),
})

const feedLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reset'), revision }),
  z.object({ kind: z.literal('complete'), revision }),
  z.object({ kind: z.literal('heartbeat'), revision }),
  controlPlane,
  credential,
  z.object({ kind: z.literal('control-plane-gone'), id: controlPlaneId }),
  z.object({ kind: z.literal('credential-gone'), digest }),
])

export type FeedLine = z.output<typeof feedLine>
export type AdmittedControlPlane = z.output<typeof controlPlane>
export type AdmittedCredential = z.output<typeof credential>

/** Room for some thousand grants of one holder. */
const LINE_BYTES_MAX = 1024 * 1024

export function encodeFeedLine(line: FeedLine): string {
  return `${JSON.stringify(line)}\n`
}

/** Reads a feed as it arrives. One instance a connection. */
export class FeedReader {
  readonly #lines = new LineReader(LINE_BYTES_MAX)

  /**
   * The lines that this piece completes. Throws `undecodable` or `too-large` for one that is none: what it would have said
   * is then unknown, so the reader has to start over.
   */
  push(piece: Uint8Array): readonly FeedLine[] {
    return this.#lines.push(piece).map(decodeFeedLine)
  }
}

function decodeFeedLine(text: string): FeedLine {
  const parsed = feedLine.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError(
    'undecodable',
    `a line of the feed has a wrong ${issue?.path.join('.') || 'kind'}: ${issue?.message}`,
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('undecodable', 'a line of the feed is not JSON', { cause })
  }
}
