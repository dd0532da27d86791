import { systemClock as clock } from '../../../src/base/clock.js'
import { type Hop, Hops } from '../../../src/base/hops.js'
import { silentLogger as log } from '../../../src/base/log.js'
import { behaviourNamed } from '../../../src/dataplane/behaviour.js'
import { Connections } from '../../../src/dataplane/connections.js'
import { Fleet } from '../../../src/dataplane/fleet.js'
import type { FleetMember } from '../../../src/dataplane/fleet-file.js'
import { ENVOY_TYPE_URL, envoyJson } from '../../../src/wire/envoy-codec.js'
import { offer } from '../child.js'
import { type Applied, numberOf } from './change.js'

const fleets: Fleet[] = []
const hops = new Hops(clock)
/** Change numbers by content version: all sidecars of a group are sent the same cluster. */
const numbers = new Map<string, number>()
let applied: Applied[] = []

hops.read((hop) => record(hop))

/** The mock sidecars of several zones, each on a connection of its own. */
const methods = {
  start(zone: string, xdsPort: number, count: number, groups: number): void {
    const trust = { kind: 'skip-verify' } as const
    const connections = new Connections({ target: `127.0.0.1:${xdsPort}`, trust, perConnection: 1, clock })
    const members = Array.from({ length: count }, (_, index) => member(zone, index, groups))
    const fleet = new Fleet({
      members,
      zone,
      rampPerSecond: 20,
      seed: 1,
      connect: () => connections.open(''),
      adminPortOf: () => undefined,
      clock,
      log,
      hops,
      onProgress: () => {},
    })
    fleets.push(fleet)
    fleet.start()
  },
  live: () => fleets.reduce((sum, { proxies }) => sum + [...proxies.values()].filter(({ live }) => live).length, 0),
  /** What was applied since this was last asked. */
  take(): readonly Applied[] {
    const taken = applied
    applied = []
    return taken
  },
}

export type Sidecars = typeof methods

offer(methods)

/** Has one neighbour, its own service: reachable backends keep a sidecar of a large mesh small. */
function member(zone: string, index: number, groups: number): FleetMember {
  const name = `${zone}-web-${index}`
  const backends = { refs: [{ kind: 'MeshService', labels: { 'kuma.io/display-name': 'web', 'kuma.io/zone': zone } }] }
  const resource = {
    type: 'Dataplane',
    mesh: 'default',
    name,
    labels: { 'kuma.io/workload': 'web', group: `group-${index % groups}` },
    networking: {
      address: `127.0.0.${index + 2}`,
      inbound: [{ port: 80, servicePort: 18_080, name: 'http', protocol: 'http' }],
      transparentProxying: { redirectPortInbound: 15_006, redirectPortOutbound: 15_001, reachableBackends: backends },
    },
  }
  const behaviour = behaviourNamed('steady', {})
  return { mesh: 'default', name, resource, behaviour, adminPort: 0, tokenFile: undefined }
}

function record({ type, peer = '', name, version = '', at }: Hop): void {
  if (type !== ENVOY_TYPE_URL.cluster) return
  const number = numbers.get(version) ?? read(peer, name, version)
  if (number !== undefined) applied.push({ sidecar: peer, number, atMs: at })
}

function read(peer: string, name: string, version: string): number | undefined {
  const id = peer.slice(peer.indexOf('/') + 1).replace('.', '/')
  const configuration = fleets.map(({ proxies }) => proxies.get(id)).find((proxy) => proxy)?.configuration
  const held = configuration?.warming.get(name) ?? configuration?.active('cluster').get(name)
  if (held?.resource.version !== version) return undefined
  const number = numberOf(envoyJson(held.resource.typeUrl, held.resource.bytes).connect_timeout)
  if (number !== undefined) numbers.set(version, number)
  return number
}
