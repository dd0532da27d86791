import type { Violation } from '../../base/errors.js'
import { isDnsName, isIpAddress } from '../dns-names.js'
import { parseDuration } from '../duration.js'
import { identifierFaults } from '../names.js'
import { SUPPORTED_PROTOCOLS } from './mesh-service.js'
import { at, each, violation } from './rules.js'

/** A Dataplane in canonical protobuf JSON (kuma `api/mesh/v1alpha1/dataplane.proto`); what is zero is absent. */
export interface DataplaneSpec {
  readonly networking?: DataplaneNetworking
  readonly envoy?: unknown
}

export interface DataplaneNetworking {
  readonly address?: string
  readonly inbound?: readonly DataplaneInbound[]
  readonly outbound?: readonly DataplaneOutbound[]
  readonly gateway?: { readonly tags?: Readonly<Record<string, string>>; readonly type?: 'DELEGATED' }
  readonly listeners?: readonly DataplaneListener[]
  readonly transparentProxying?: DataplaneTransparentProxying
  readonly admin?: { readonly port?: number }
}

export interface DataplaneInbound {
  readonly port?: number
  readonly servicePort?: number
  readonly serviceAddress?: string
  readonly address?: string
  readonly name?: string
  readonly protocol?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly state?: 'Ready' | 'NotReady' | 'Ignored'
  readonly health?: { readonly ready?: boolean }
  readonly serviceProbe?: {
    readonly interval?: string
    readonly timeout?: string
    readonly unhealthyThreshold?: number
    readonly healthyThreshold?: number
    readonly tcp?: object
  }
}

export interface DataplaneOutbound {
  readonly address?: string
  readonly port?: number
  readonly backendRef?: {
    readonly kind?: string
    readonly name?: string
    readonly port?: number
    readonly labels?: Readonly<Record<string, string>>
  }
}

export interface DataplaneListener {
  readonly type?: 'ZoneIngress' | 'ZoneEgress' | 'Unspecified'
  readonly address?: string
  readonly port?: number
  readonly name?: string
  readonly state?: 'Ready' | 'NotReady' | 'Ignored'
}

export interface DataplaneTransparentProxying {
  readonly redirectPortInbound?: number
  readonly redirectPortOutbound?: number
  readonly directAccessServices?: readonly string[]
  readonly ipFamilyMode?: string
  readonly reachableBackends?: {
    readonly refs?: readonly {
      readonly kind?: string
      readonly name?: string
      readonly namespace?: string
      readonly port?: number
      readonly labels?: Readonly<Record<string, string>>
    }[]
  }
}

const LOOPBACK = '127.0.0.1'
const BACKEND_KINDS: readonly string[] = ['MeshExternalService', 'MeshMultiZoneService', 'MeshService']
const KIND_FAULT = `invalid value. Available values are: ${BACKEND_KINDS.join(',')}`
/** Besides those that a MeshService may state, a proxy knows how to carry these. */
const INBOUND_PROTOCOLS: readonly string[] = [...SUPPORTED_PROTOCOLS, 'tls', 'mysql']

/** Rules of kuma `pkg/core/resources/apis/mesh/dataplane_validator.go`, in its order and words. */
export function checkDataplane({ networking }: DataplaneSpec): Violation[] {
  if (networking === undefined) return violation('networking', 'must be defined')
  const { inbound = [], listeners = [], gateway } = networking
  const delegated = gateway !== undefined
  return at('networking', [
    ...checkAdmin(networking),
    ...(delegated && inbound.length > 0
      ? violation('inbound', 'inbound cannot be defined for delegated gateways')
      : []),
    ...(delegated && listeners.length > 0
      ? violation('listeners', 'listeners cannot be defined for delegated gateways')
      : []),
    ...at('gateway.tags', delegated ? checkGatewayTags(gateway.tags ?? {}) : []),
    ...checkAddress(networking.address),
    ...each('inbound', inbound, (item) => checkInbound(item, networking.address)),
    ...each('outbound', networking.outbound, checkOutbound),
    ...at('transparentProxing', checkReachable(networking.transparentProxying)),
    ...(delegated ? [] : checkListeners(networking)),
  ])
}

/** The admin port listens on loopback, so only what is there or everywhere can collide with it. */
function checkAdmin({ admin, inbound = [], outbound = [], address }: DataplaneNetworking): Violation[] {
  if (admin === undefined) return []
  const port = admin.port ?? 0
  const overInbound = inbound.some((item) => {
    const proxyAddress = item.address || address
    const onProxy = item.port === port && onLoopback(proxyAddress)
    return onProxy || ((item.servicePort || item.port) === port && onLoopback(item.serviceAddress || proxyAddress))
  })
  const overOutbound = outbound.some((item) => item.port === port && onLoopback(item.address || LOOPBACK))
  return [
    ...(overInbound ? violation('admin.port', 'must differ from inbound') : []),
    ...(overOutbound ? violation('admin.port', 'must differ from outbound') : []),
  ]
}

function onLoopback(address: string | undefined): boolean {
  return address === LOOPBACK || address === '0.0.0.0' || address === '::'
}

function checkAddress(address: string | undefined): Violation[] {
  if (!address) return violation('address', "address can't be empty")
  return [
    ...(address === '0.0.0.0' || address === '::' ? violation('address', 'must not be 0.0.0.0 or ::') : []),
    ...(isIpAddress(address) || isDnsName(address)
      ? []
      : violation('address', 'address has to be valid IP address or domain name')),
  ]
}

function checkInbound(inbound: DataplaneInbound, proxyAddress: string | undefined): Violation[] {
  const { port, servicePort, address, serviceAddress, protocol } = inbound
  const samePort = !servicePort || servicePort === port
  const loop = violation('serviceAddress', 'serviceAddress and servicePort has to differ from address and port')
  const hint = `Allowed values: ${SUPPORTED_PROTOCOLS.join(', ')}`
  return [
    ...checkPort('port', port),
    ...(servicePort ? checkPort('servicePort', servicePort) : []),
    ...(serviceAddress && !isIpAddress(serviceAddress)
      ? violation('serviceAddress', 'serviceAddress has to be valid IP address')
      : []),
    ...(serviceAddress && serviceAddress === proxyAddress && samePort ? loop : []),
    ...(address && !isIpAddress(address) ? violation('address', 'address has to be valid IP address') : []),
    ...(address && address === serviceAddress && samePort ? loop : []),
    ...(protocol && !INBOUND_PROTOCOLS.includes(protocol.toLowerCase())
      ? violation('protocol', `has an invalid value "${protocol}". ${hint}`)
      : []),
    ...at('serviceProbe', checkProbe(inbound.serviceProbe)),
  ]
}

function checkProbe(probe: DataplaneInbound['serviceProbe']): Violation[] {
  const zero = (field: string, isZero: boolean) => (isZero ? violation(field, 'must have a positive value') : [])
  const isZeroTime = (text: string | undefined) => text !== undefined && parseDuration(text) === 0n
  return [
    ...zero('interval', isZeroTime(probe?.interval)),
    ...zero('timeout', isZeroTime(probe?.timeout)),
    ...zero('unhealthyThreshold', probe?.unhealthyThreshold === 0),
    ...zero('healthyThreshold', probe?.healthyThreshold === 0),
  ]
}

function checkPort(field: string, port: number | undefined): Violation[] {
  return !port || port > 65535 ? violation(field, 'port must be in the range [1, 65535]') : []
}

function checkOutbound({ port, address, backendRef }: DataplaneOutbound): Violation[] {
  const own = [
    ...checkPort('port', port),
    ...(address && !isIpAddress(address) ? violation('address', 'address has to be valid IP address') : []),
  ]
  if (backendRef === undefined) return [...own, ...violation('backendRef', 'must be defined')]
  const named = backendRef.name || Object.keys(backendRef.labels ?? {}).length > 0
  return [
    ...own,
    ...(BACKEND_KINDS.includes(backendRef.kind ?? '') ? [] : violation('backendRef.kind', KIND_FAULT)),
    ...(named ? [] : violation('backendRef', "either 'name' or 'labels' should be specified")),
    // An external service's port is that of its endpoints.
    ...(backendRef.kind === 'MeshExternalService' ? [] : checkPort('backendRef.port', backendRef.port)),
  ]
}

function checkReachable(proxying: DataplaneTransparentProxying | undefined): Violation[] {
  return each('reachableBackends.refs', proxying?.reachableBackends?.refs, (ref) => {
    const { kind = '', name = '', namespace = '' } = ref
    const labelled = Object.keys(ref.labels ?? {}).length > 0
    return [
      ...(BACKEND_KINDS.includes(kind) ? [] : violation('kind', KIND_FAULT)),
      ...(name === '' ? [] : identifierFaults(name).flatMap((reason) => violation('name', reason))),
      ...(name === '' && namespace === '' && !labelled ? violation('name', 'name or labels are required') : []),
      ...(name === '' && namespace !== '' ? violation('name', 'name is required, when namespace is defined') : []),
      ...((name !== '' || namespace !== '') && labelled
        ? violation('labels', 'labels cannot be defined when name is specified')
        : []),
    ]
  })
}

function checkListeners({ listeners, inbound = [], address }: DataplaneNetworking): Violation[] {
  const names = new Set(inbound.map((item) => item.name || String(item.port ?? 0)))
  const taken = new Map<string, DataplaneListener['type']>()
  const inbounds = new Set(inbound.map((item) => `${item.address || address}:${item.port ?? 0}`))
  return each('listeners', listeners, (listener) => {
    const { type = 'Unspecified', name = '' } = listener
    const place = `${listener.address ?? ''}:${listener.port ?? 0}`
    const repeated = name !== '' && names.has(name)
    if (name !== '') names.add(name)
    const other = taken.get(place)
    if (other === undefined) taken.set(place, type)
    const clash = other === type ? 'is already used by another listener' : 'is used by listeners of different types'
    return [
      ...(type === 'Unspecified' ? violation('type', 'type must be ZoneIngress or ZoneEgress') : []),
      ...checkAddress(listener.address),
      ...checkPort('port', listener.port),
      ...(repeated ? violation('name', `name "${name}" must be unique across inbounds and listeners`) : []),
      ...(other === undefined ? [] : violation('', `address:port ${place} ${clash}`)),
      ...(inbounds.has(place) ? violation('', `address:port ${place} collides with an inbound listener`) : []),
    ]
  })
}

const TAG_NAME = /^[a-zA-Z0-9.\-_:/]*$/
const TAG_VALUE = /^[a-zA-Z0-9.\-_:]*$/

/** A delegated gateway without tags is fine; with tags it has to name its service. */
function checkGatewayTags(tags: Readonly<Record<string, string>>): Violation[] {
  const keys = Object.keys(tags).sort()
  const protocol = tags['kuma.io/protocol']
  return [
    ...(protocol !== undefined && protocol.toLowerCase() !== 'tcp'
      ? violation('["kuma.io/protocol"]', `other values than tcp are not allowed, provided value "${protocol}"`)
      : []),
    ...keys.flatMap((key) => checkTag(key, tags[key] ?? '')),
    ...(keys.length > 0 && tags['kuma.io/service'] === undefined
      ? violation('', 'mandatory tag "kuma.io/service" is missing')
      : []),
  ]
}

function checkTag(key: string, value: string): Violation[] {
  const field = `[${JSON.stringify(key)}]`
  const named = 'tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores'
  const valued = 'tag value must consist of alphanumeric characters, dots, dashes and underscores'
  return [
    ...(key === '' ? violation('', 'tag name must be non-empty') : []),
    ...(TAG_NAME.test(key) ? [] : violation(field, named)),
    ...(value === '' ? violation(field, 'tag value must be non-empty') : []),
    ...(TAG_VALUE.test(value) ? [] : violation(field, valued)),
  ]
}
