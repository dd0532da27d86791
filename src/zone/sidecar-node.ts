import { AppError } from '../base/errors.js'
import { isJsonObject, type Json, type JsonObject } from '../model/json.js'

/** What a sidecar says of itself in its first request (kuma `pkg/core/xds/metadata.go`). */
export interface SidecarNode {
  readonly mesh: string
  readonly name: string
  /** The Dataplane that it brings along, as JSON text. */
  readonly resource: string | undefined
  readonly adminPort: number | undefined
  readonly adminAddress: string
  readonly version: JsonObject | undefined
}

/** The node id is `<mesh>.<name>`, split at the first dot. Throws `invalid-argument`. */
export function readSidecarNode(node: unknown): SidecarNode {
  const { id, metadata } = isJsonObject(node as Json) ? (node as JsonObject) : {}
  const dot = typeof id === 'string' ? id.indexOf('.') : -1
  if (typeof id !== 'string' || dot <= 0 || dot === id.length - 1) {
    throw new AppError('invalid-argument', 'the first request of an xDS stream needs a node whose id is <mesh>.<name>')
  }
  const stated = isJsonObject(metadata) ? metadata : {}
  const port = Number(stated['dataplane.admin.port'])
  return {
    mesh: id.slice(0, dot),
    name: id.slice(dot + 1),
    resource: textOf(stated['dataplane.resource']),
    adminPort: Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined,
    adminAddress: loopbackOf(stated['dataplane.admin.address']),
    version: isJsonObject(stated.version) ? stated.version : undefined,
  }
}

/** Inspection goes to this machine alone: a sidecar's word must not send us anywhere else. */
function loopbackOf(address: Json | undefined): string {
  return typeof address === 'string' && /^127(\.\d{1,3}){3}$/.test(address) ? address : '127.0.0.1'
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
