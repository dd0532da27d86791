import type { Document } from './rest.js'

const MESH = '/meshes/default'
export const TIMEOUTS = `${MESH}/meshtimeouts`
export const ACCESS_LOGS = `${MESH}/meshaccesslogs`
export const DATAPLANES = `${MESH}/dataplanes`

/** What a zone wants on everything that it may own. */
export const ZONE_ORIGIN = { 'kuma.io/origin': 'zone' } as const

export function meshTimeout(name: string, requestTimeout: string, labels: Record<string, string> = {}): Document {
  const to = [{ targetRef: { kind: 'Mesh' }, default: { http: { requestTimeout } } }]
  return { type: 'MeshTimeout', mesh: 'default', name, labels, spec: { to } }
}

/** A policy that is valid and of about `bytes`. */
export function bulkyPolicy(name: string, bytes: number, labels: Record<string, string> = {}): Document {
  const format = { type: 'Plain', plain: 'x'.repeat(bytes) }
  const backends = [{ type: 'File', file: { path: '/dev/null', format } }]
  const rules = [{ default: { backends } }]
  return { type: 'MeshAccessLog', mesh: 'default', name, labels, spec: { rules } }
}

export interface DataplaneOptions {
  readonly name: string
  /** Names its MeshService. */
  readonly workload: string
  readonly address?: string
  readonly port: number
  /** Where the application listens. Default: nobody does. */
  readonly servicePort?: number
  readonly adminPort: number
  readonly outbounds?: readonly { readonly service: Record<string, unknown>; readonly port: number }[]
}

export function dataplane(options: DataplaneOptions): Document {
  const { name, workload, address = '127.0.0.1', port, servicePort = 1, adminPort, outbounds = [] } = options
  const inbound = [{ name: 'http', port, address, servicePort, serviceAddress: '127.0.0.1', protocol: 'http' }]
  const outbound = outbounds.map(({ service, port: own }) => ({ address: '127.0.0.1', port: own, backendRef: service }))
  const networking = { address, admin: { port: adminPort }, inbound, ...(outbound.length > 0 && { outbound }) }
  return { type: 'Dataplane', mesh: 'default', name, labels: { 'kuma.io/workload': workload }, networking }
}
