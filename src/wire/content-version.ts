import { hash } from 'node:crypto'

/** The version of a resource on the wire: lower-case hex SHA-256 of its deterministic encoding. Equal content, equal version. */
export function contentVersion(encoded: Uint8Array): string {
  return hash('sha256', encoded, 'hex')
}
