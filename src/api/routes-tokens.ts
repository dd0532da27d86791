import { z } from 'zod'
import { requireAccess } from '../auth/access.js'
import { VALID_FOR_DEFAULT_MS } from '../auth/issue.js'
import { AppError, type Violation } from '../base/errors.js'
import { parseDurationMs } from '../model/duration.js'
import { invalidResource, step, TitledError } from './problem.js'
import { type Reply, text } from './reply.js'
import type { ApiRequest, Route } from './route.js'

/** Tokens are asked for by JSON and answered as plain text. The order of checks differs by kind, as in Kuma. */
export const TOKEN_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/tokens/dataplane',
    what: 'Issue a dataplane token',
    rules: ['generateDpToken'],
    handle: dataplaneToken,
  },
  {
    method: 'POST',
    path: '/tokens/zone',
    what: 'Issue a zone token',
    rules: ['generateZoneToken'],
    handle: zoneToken,
  },
  {
    method: 'POST',
    path: '/tokens/user',
    what: 'Issue a user token',
    rules: ['generateUserToken'],
    handle: userToken,
  },
]

const REQUEST_TITLE = 'Invalid request'
const ISSUE_TITLE = 'Could not issue a token'

/** Go reads null as absent. */
const word = z
  .string()
  .nullish()
  .transform((value) => value ?? '')
const words = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? [])

const dataplaneRequest = z.object({
  name: word,
  mesh: word,
  tags: z
    .record(z.string(), z.array(z.string()))
    .nullish()
    .transform((value) => value ?? {}),
  type: word,
  workload: word,
  validFor: word,
})
const zoneRequest = z.object({ zone: word, scope: words, validFor: word })
const userRequest = z.object({ name: word, groups: words, validFor: word })

async function dataplaneToken({ api, user, store, body }: ApiRequest): Promise<Reply> {
  const asked = read(dataplaneRequest, body)
  if (asked === undefined) return UNREADABLE
  const { validFor, ...identity } = asked
  const validForMs = await step(REQUEST_TITLE, () => {
    const violations: Violation[] = []
    if (identity.mesh === '') violations.push({ field: 'mesh', reason: 'cannot be empty' })
    const parsed = readValidFor(validFor, violations)
    if (identity.type !== '' && identity.type !== 'dataplane') {
      violations.push({ field: 'type', reason: `${identity.type} is not a valid proxy type` })
    }
    if (violations.length > 0) throw invalidResource(...violations)
    return parsed
  })
  requireAccess(api.access, user, { kind: 'generate-dataplane-token' })
  return issued(() => api.tokens.dataplane(store, identity, validForMs))
}

async function zoneToken({ api, user, store, body }: ApiRequest): Promise<Reply> {
  const asked = read(zoneRequest, body)
  if (asked === undefined) return UNREADABLE
  requireAccess(api.access, user, { kind: 'generate-zone-token', zone: asked.zone })
  const validForMs = await step(REQUEST_TITLE, () => {
    const violations: Violation[] = []
    const parsed = readValidFor(asked.validFor, violations)
    if (violations.length > 0) throw invalidResource(...violations)
    return parsed
  })
  return issued(() => api.tokens.zone(store, { zone: asked.zone, scope: asked.scope }, validForMs))
}

async function userToken({ api, user, store, body }: ApiRequest): Promise<Reply> {
  requireAccess(api.access, user, { kind: 'generate-user-token' })
  const asked = read(userRequest, body)
  if (asked === undefined) return UNREADABLE
  const validForMs = await step(REQUEST_TITLE, () => {
    const violations: Violation[] = []
    if (asked.name === '') violations.push({ field: 'name', reason: 'cannot be empty' })
    if (asked.validFor === '') violations.push({ field: 'validFor', reason: 'cannot be empty' })
    const parsed = readValidFor(asked.validFor, violations)
    // As in Kuma a text that does not parse counts as zero too, and gets both reasons.
    if (asked.validFor !== '' && parsed === 0) violations.push({ field: 'validFor', reason: 'cannot be empty or nil' })
    if (violations.length > 0) throw invalidResource(...violations)
    return parsed
  })
  return issued(() => api.tokens.user(store, { name: asked.name, groups: asked.groups }, validForMs))
}

/** What is no such JSON gets 400 and nothing else. */
const UNREADABLE: Reply = { status: 400, body: '' }

function read<Asked>(schema: z.ZodType<Asked>, body: Buffer): Asked | undefined {
  try {
    return schema.safeParse(JSON.parse(body.toString('utf8'))).data
  } catch {
    return undefined
  }
}

/** Milliseconds; 0 after adding a violation. Absent is Kuma's ten years. */
function readValidFor(validFor: string, violations: Violation[]): number {
  if (validFor === '') return VALID_FOR_DEFAULT_MS
  try {
    return parseDurationMs(validFor)
  } catch (thrown) {
    violations.push({ field: 'validFor', reason: `is invalid: ${AppError.from(thrown).message}` })
    return 0
  }
}

async function issued(issue: () => Promise<string>): Promise<Reply> {
  return step(ISSUE_TITLE, async () => {
    try {
      return text(await issue())
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (error.code !== 'not-found') throw error
      throw new TitledError('Signing Key not found', error, error.message)
    }
  })
}
