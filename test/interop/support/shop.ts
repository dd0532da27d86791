import { Application } from './application.js'
import { DATAPLANES, dataplane } from './documents.js'
import { Envoy } from './envoy.js'
import { freePort } from './free-ports.js'
import type { OurZone, World } from './world.js'

export interface Shopkeeper {
  readonly name: string
  readonly application: Application
  readonly envoy: Envoy
  /** Where its application reaches the next service; undefined: it calls none. */
  readonly outboundPort: number | undefined
}

export interface ServiceOptions {
  /** Of the Dataplane, its workload and so its MeshService. */
  readonly name: string
  /** `backendRef` of its one outbound. */
  readonly calls?: Record<string, unknown>
  readonly port?: number
}

/** One service of the shop: an application, its Dataplane in our zone, and a real Envoy as its sidecar. */
export async function openService(world: World, zone: OurZone, options: ServiceOptions): Promise<Shopkeeper> {
  const { name, calls } = options
  const application = await Application.start(world, name)
  const [port, adminPort, outboundPort] = [options.port ?? (await freePort()), await freePort(), await freePort()]
  const outbounds = calls === undefined ? [] : [{ service: calls, port: outboundPort }]
  const document = dataplane({ name, workload: name, port, servicePort: application.port, adminPort, outbounds })
  await zone.rest.put(DATAPLANES, document)
  const envoy = await Envoy.start(world, { name, adminPort, bootstrapPort: zone.endpoints.bootstrap })
  return { name, application, envoy, outboundPort: calls && outboundPort }
}
