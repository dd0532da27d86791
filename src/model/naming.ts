import { LABEL, type Labels } from './labels.js'
import { descriptorOf } from './registry.js'
import { displayName, type ResourceKey } from './resource.js'

/**
 * Names of synced copies: `<display name>-<hash>` over mesh, display name, and the zone and namespace labels
 * when present (kuma `pkg/kds/hash/hash.go`). Always computed from the display name, so every hop yields the same name.
 */
export function hashedName(resource: { mesh: string | undefined; name: string; labels: Labels }): string {
  const name = displayName(resource)
  const values = [resource.mesh ?? '', name]
  for (const key of [LABEL.zone, LABEL.namespace]) {
    const value = resource.labels[key]
    if (value !== undefined) values.push(value)
  }
  return `${cutBytes(name, NAME_BYTES_MAX)}-${encodeHash(fnv1a64(values.join('')))}`
}

/** 253 (a DNS name) minus 17 (dash and hash). */
const NAME_BYTES_MAX = 236
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** UTF-8 has at most so many bytes for one code unit. */
const UTF8_BYTES_MAX = 3

function cutBytes(text: string, bytesMax: number): string {
  if (text.length * UTF8_BYTES_MAX <= bytesMax) return text
  const bytes = Buffer.from(text, 'utf8')
  return bytes.length <= bytesMax ? text : bytes.subarray(0, bytesMax).toString('utf8')
}

/** FNV-1a of 64 bits as 16 hex digits, in two halves: BigInt would take most of the time that a resource needs to be encoded. */
function fnv1a64(text: string): string {
  // The prime is 2^40 + 0x1b3.
  let [high, low] = [0xcbf29ce4, 0x84222325]
  for (const byte of Buffer.from(text, 'utf8')) {
    low = (low ^ byte) >>> 0
    const product = low * 0x1b3
    high = (high * 0x1b3 + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0
    low = product >>> 0
  }
  return hexWord(high) + hexWord(low)
}

function hexWord(word: number): string {
  return word.toString(16).padStart(8, '0')
}

/** Each hex digit becomes `ALPHABET[charCode mod 27]`: Kubernetes' safe encoding, in which 0 and f share a letter. */
function encodeHash(hex: string): string {
  let out = ''
  for (const digit of hex) out += ALPHABET[digit.charCodeAt(0) % 27]
  return out
}

/** The name that travels in `resources[].name` and `removed_resources`: global-scoped names end with a dot. */
export function wireName(mesh: string | undefined, name: string): string {
  return `${name}.${mesh ?? ''}`
}

/** Splits at the last dot, as Kuma's receiver does; a name without a dot has no mesh. */
export function parseWireName(text: string): { mesh: string | undefined; name: string } {
  const dot = text.lastIndexOf('.')
  if (dot < 0) return { mesh: undefined, name: text }
  return { name: text.slice(0, dot), mesh: text.slice(dot + 1) || undefined }
}

/**
 * Kuma Resource Identifier: `kri_<short>_<mesh>_<zone>_<namespace>_<display name>_<section>`, empty parts kept.
 * Undefined for types without a short name (insights, secrets).
 */
export function kriOf(resource: ResourceKey & { readonly labels: Labels }, section = ''): string | undefined {
  const short = descriptorOf(resource.type).short
  if (short === undefined) return undefined
  const zone = resource.labels[LABEL.zone] ?? ''
  const namespace = resource.labels[LABEL.namespace] ?? ''
  return `kri_${short}_${resource.mesh ?? ''}_${zone}_${namespace}_${displayName(resource)}_${section}`
}

export interface ParsedKri {
  readonly short: string
  readonly mesh: string
  readonly zone: string
  readonly namespace: string
  readonly name: string
  readonly section: string
}

/** Undefined when the text is not a KRI of at least seven parts. */
export function parseKri(text: string): ParsedKri | undefined {
  const parts = text.split('_')
  if (parts.length < 7 || parts[0] !== 'kri') return undefined
  const [, short, mesh, zone, namespace, name, section] = parts as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return { short, mesh, zone, namespace, name, section }
}
