import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { type JsonObject, parseJson } from '../model/json.js'
import type { JournalEntry, RecordStore } from '../store/records.js'

/** A page of the audit of all organisations, oldest first. */
export interface AuditPage {
  readonly items: readonly JsonObject[]
  /** Where the next one begins; undefined: nothing more was done yet. */
  readonly next: string | undefined
}

export interface AuditQuery {
  /** As the page before said. */
  readonly after: string | undefined
  readonly size: number
  /** Only what was done to this one; a page may then be shorter, or empty, though more follows. */
  readonly controlPlane: string | undefined
}

/** The last sequence that was read, by organisation. */
type Cursor = Readonly<Record<string, number>>

interface Reading {
  readonly organization: string
  readonly items: readonly JsonObject[]
  taken: number
}

/** Holds one page of each organisation in memory, however long their journals are. Throws `invalid-argument`. */
export async function auditPage(store: RecordStore, { after, size, controlPlane }: AuditQuery): Promise<AuditPage> {
  const cursor = after === undefined ? {} : decode(after)
  const readings = await Promise.all(
    (await store.organizations()).map(async (organization): Promise<Reading> => {
      const from = Object.hasOwn(cursor, organization) ? cursor[organization] : undefined
      const entries = await store.organization(organization).journal({ after: from ?? 0, limit: size })
      return { organization, items: entries.map((entry) => itemOf(organization, entry)), taken: 0 }
    }),
  )
  const items: JsonObject[] = []
  for (let count = 0; count < size; count += 1) {
    const reading = earliest(readings)
    const item = reading && headOf(reading)
    if (!item) break
    reading.taken += 1
    if (controlPlane === undefined || item.controlPlane === controlPlane) items.push(item)
  }
  const isMore = readings.some((reading) => reading.taken < reading.items.length || reading.items.length === size)
  return { items, next: isMore ? encode(cursor, readings) : undefined }
}

/** Of those that have something left the one whose next entry is the oldest. */
function earliest(readings: readonly Reading[]): Reading | undefined {
  const atMs = (reading: Reading) => Number(headOf(reading)?.atMs ?? Number.POSITIVE_INFINITY)
  return readings.reduce<Reading | undefined>((best, reading) => {
    return best === undefined || atMs(reading) < atMs(best) ? reading : best
  }, undefined)
}

function headOf({ items, taken }: Reading): JsonObject | undefined {
  return items[taken]
}

function itemOf(organization: string, { sequence, entry }: JournalEntry): JsonObject {
  return { organization, sequence, ...(parseJson(entry) as JsonObject) }
}

function encode(before: Cursor, readings: readonly Reading[]): string {
  const read = readings.flatMap(({ organization, items, taken }) => {
    const last = items[taken - 1]
    return last ? [[organization, Number(last.sequence)] as const] : []
  })
  return Buffer.from(JSON.stringify({ ...before, ...Object.fromEntries(read) })).toString('base64url')
}

const cursorSchema = z.record(z.string(), z.number().int().nonnegative())

function decode(text: string): Cursor {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
  } catch (cause) {
    throw new AppError('invalid-argument', 'page[after] is not what an earlier page gave', { cause })
  }
}
