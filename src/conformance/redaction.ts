import { createHash } from 'node:crypto'
import { CP_ID_HEADER } from '../auth/zone-call.js'
import { KDS_HEADER } from '../wire/metadata.js'
import type { Field } from './call-draft.js'

/**
 * How evidence shows what was sent: everything of a credential that lets a reader follow the case, nothing that lets them
 * repeat it. Header and payload of a token are no secret; its signature is, and so is anything that is no token.
 */

/** Fields that never hold a credential. */
const OPEN_FIELDS: ReadonlySet<string> = new Set([
  ':method',
  ':scheme',
  'te',
  'content-type',
  'user-agent',
  KDS_HEADER.clientId,
  KDS_HEADER.kdsVersion,
  KDS_HEADER.zoneVersion,
  KDS_HEADER.features,
  KDS_HEADER.version,
  CP_ID_HEADER,
])
const SHOWN_CHARS_MAX = 240

export function shownField([name, value]: Field): readonly [string, string] {
  const text = typeof value === 'string' ? value : value.toString('latin1')
  if (OPEN_FIELDS.has(name)) return [name, clipped(printable(text))]
  if (name === ':path') return [name, clipped(text.replace(/\?.*/s, (query) => `?${described(query.slice(1))}`))]
  if (name === ':authority') return [name, text.replace(/^.*@/s, (user) => `${described(user.slice(0, -1))}@`)]
  return [name, credentialShown(text)]
}

/** A status text that repeats what was sent must not carry it into the report. */
export function withoutCredentials(text: string, fields: readonly Field[]): string {
  const clean = secretsOf(fields).reduce((rest, secret) => rest.replaceAll(secret, '[credential]'), text)
  // A target may repeat the path, which is no secret but for the token that a case puts there.
  return clean.replaceAll(/ey[\w-]+\.[\w-]+\.[\w-]{43,}/g, '[credential]')
}

/** Whether a text, such as a status or a log, repeats a credential or the part of it that makes it one. */
export function leaks(text: string, fields: readonly Field[]): boolean {
  return secretsOf(fields).some((secret) => text.includes(secret))
}

/** Shorter texts are no credential and would be found by accident. */
const SECRET_CHARS_MIN = 24

/** The texts that make a credential: it whole and its last segment. */
export function secretsOf(fields: readonly Field[]): readonly string[] {
  return fields.flatMap(([name, value]) => {
    if (OPEN_FIELDS.has(name) || name.startsWith(':')) return []
    const text = (typeof value === 'string' ? value : value.toString('latin1')).replace(/^bearer /i, '')
    return [text, text.slice(text.lastIndexOf('.') + 1)].filter((secret) => secret.length >= SECRET_CHARS_MIN)
  })
}

function credentialShown(text: string): string {
  const [, scheme = '', rest = ''] = /^([A-Za-z]+ +)?(.*)$/s.exec(text) ?? []
  const segments = rest.split('.', 4)
  if (segments.length !== 3) return clipped(`${scheme}${described(rest)}`)
  const [header = '', payload = '', signature = ''] = segments
  return `${scheme}${clipped(decoded(header))}.${clipped(decoded(payload))}.${described(signature)}`
}

/** A segment as the text that it spells, or described when it spells none. */
function decoded(segment: string): string {
  const text = Buffer.from(segment, 'base64url').toString('utf8')
  return /^[[{"]/.test(text) ? printable(text) : described(segment)
}

function described(secret: string): string {
  if (secret === '') return ''
  return `<${secret.length} chars, sha256 ${createHash('sha256').update(secret, 'latin1').digest('hex').slice(0, 8)}>`
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (letter) => `\\x${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}

function clipped(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}… (${text.length} chars)`
}
