import type { Resource } from '../../model/resource.js'
import type { MeshServicePort, MeshServiceSpec } from '../../model/specs/mesh-service.js'
import type { DataplaneIndex } from '../../policy/dataplane-index.js'
import { backersOf } from '../local-services.js'
import { dataplaneNetworking, type InboundSpec, isReady } from '../snapshot/dataplane-spec.js'

/** Those that have inbounds: Kuma's services have no others (kuma `meshservice/match.go`). */
export function membersOf(service: Pick<MeshServiceSpec, 'selector'>, dataplanes: DataplaneIndex): readonly Resource[] {
  return backersOf(service, dataplanes).filter((dataplane) => inboundsOf(dataplane).length > 0)
}

/** Whether a ready inbound serves the port: by target port number, or by name when the target is one. */
export function serves(dataplane: Resource, { port, targetPort }: MeshServicePort): boolean {
  const target = targetPort ?? port
  const isTarget = (inbound: InboundSpec) =>
    typeof target === 'number' ? inbound.port === target : inbound.name === target
  return inboundsOf(dataplane).some((inbound) => isTarget(inbound) && isReady(inbound))
}

export function inboundsOf(dataplane: Resource): readonly InboundSpec[] {
  return dataplaneNetworking(dataplane).inbound ?? []
}
