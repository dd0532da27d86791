import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { controlPlaneId } from './admission-feed.js'

/**
 * What a global tells the platform of its zones: a JSON object `{"events": [...]}`, by
 * `POST /internal/shards/{shard}/events`. Told at least once; `id` tells a repetition. Never a token.
 */

const common = {
  id: z.string().min(1).max(128),
  controlPlane: controlPlaneId,
  zone: z.string().max(63),
  atMs: z.number().int(),
}
const tokenId = z.string().min(1).max(128)

const admissionEvent = z.discriminatedUnion('kind', [
  /** A token let a zone in; told at most once a minute. */
  z.object({ kind: z.literal('token-used'), ...common, tokenId }),
  /** A call was refused; the same refusal is told at most once a minute. `tokenId`: of an access token that is known, or the `jti` of a zone JWT whose signature held. */
  z.object({ kind: z.literal('zone-refused'), ...common, reason: z.string().max(64), tokenId: tokenId.optional() }),
  /** The Zone came into being, by whichever door. */
  z.object({ kind: z.literal('zone-created'), ...common }),
  /** The Zone was deleted, by whichever door: its managed account and token are to go. */
  z.object({ kind: z.literal('zone-deleted'), ...common }),
])

/** In one request. */
export const EVENTS_MAX = 1_000

const batch = z.object({ events: z.array(admissionEvent).max(EVENTS_MAX) })

export type AdmissionEvent = z.output<typeof admissionEvent>

export function encodeEvents(events: readonly AdmissionEvent[]): string {
  return JSON.stringify({ events })
}

/** Throws `invalid-argument` that names the field. */
export function decodeEvents(body: unknown): readonly AdmissionEvent[] {
  const parsed = batch.safeParse(body)
  if (parsed.success) return parsed.data.events
  const [issue] = parsed.error.issues
  throw new AppError('invalid-argument', `the events have a wrong ${issue?.path.join('.')}: ${issue?.message}`)
}
