import type { Hop } from '../base/hops.js'
import { Hops } from '../base/hops.js'
import { silentLogger } from '../base/log.js'
import { behaviourNamed } from '../dataplane/behaviour.js'
import { Connections } from '../dataplane/connections.js'
import { Fleet } from '../dataplane/fleet.js'
import type { FleetMember } from '../dataplane/fleet-file.js'
import { DEFAULT_TENANT } from '../model/tenant.js'
import { MemoryStore } from '../store/memory-store.js'
import type { Commit } from '../store/store.js'
import { ENVOY_TYPE_URL } from '../wire/envoy-codec.js'
import { ZoneProcess } from '../zone/compose.js'
import { readZoneConfig, type ZoneConfig } from '../zone/config.js'
import { LinkFaults } from '../zone/link-faults.js'
import type { GlobalConnection } from '../zone/link-session.js'
import type { CrewOrder, CrewZone, FinalState } from './crew-orders.js'
import { dataplaneBody } from './dataplane-body.js'
import type { PlannedChurn } from './plan.js'
import { releaseNamed } from './release.js'
import { marksOf, serviceOf } from './sidecar-mark.js'
import { stateHash } from './state-hash.js'
import { WRITE_LABEL } from './write-body.js'
import { connectZone } from './zone-connection.js'
import type { CrewLog, MakeMember, ZoneMember } from './zone-crew.js'

const OWN_PORTS = ['apiHttpPort', 'apiHttpsPort', 'diagnosticsPort', 'dpServerPort', 'bootstrapPort'] as const
const OVERSIZE_BYTES = 10_485_761
/** Ours is of this release and no other. */
const RELEASE = releaseNamed('3.0')

/** A whole zone control plane with its sidecars: what ships, composed in this process. */
export const makeFullMember: MakeMember = async (order, zone, place, log) => new FullMember(order, zone, place, log)

class FullMember implements ZoneMember {
  readonly #order: CrewOrder
  readonly #zone: CrewZone
  readonly #place: number
  readonly #log: CrewLog
  readonly #faults: LinkFaults
  readonly #process: ZoneProcess
  /** By `TYPE/NAME` as the zone holds it: the write that made it. */
  readonly #held = new Map<string, number>()
  /** By write: when the zone had it. Only the last of each resource is kept. */
  readonly #storedMs = new Map<number, number>()
  /** By sidecar, name and content version: when it was sent. */
  readonly #sentMs = new Map<string, number>()
  readonly #zoneHops: Hops
  readonly #sidecarHops: Hops
  #fleet: Fleet | undefined
  #isLive = false
  #started = false

  constructor(order: CrewOrder, zone: CrewZone, place: number, log: CrewLog) {
    const { clock, random } = log
    this.#order = order
    this.#zone = zone
    this.#place = place
    this.#log = log
    this.#zoneHops = new Hops(clock)
    this.#sidecarHops = new Hops(clock)
    this.#faults = new LinkFaults({ zone: zone.plan.name, clock, oversizeBytes: OVERSIZE_BYTES })
    const store = new MemoryStore({ clock, random }).tenant(DEFAULT_TENANT)
    store.watch((commit) => this.#stored(commit))
    this.#process = new ZoneProcess(this.#config(), {
      clock,
      random,
      log: silentLogger,
      hops: this.#zoneHops,
      dial: () => this.#faults.connect((expired) => this.#dial(expired)),
      store,
      onLink: (state) => this.#linkIs(state === 'streaming'),
    })
    if (zone.plan.sidecars.length > 0) {
      this.#zoneHops.read((hop) => this.#sent(hop))
      this.#sidecarHops.read((hop) => this.#applied(hop))
    }
  }

  get isLive(): boolean {
    return this.#isLive
  }

  get sidecarsLive(): number {
    let live = 0
    for (const proxy of this.#fleet?.proxies.values() ?? []) if (proxy.live) live += 1
    return live
  }

  async start(): Promise<void> {
    if (this.#started) return
    this.#started = true
    const { xds } = await this.#process.start()
    const { plan } = this.#zone
    const { clock } = this.#log
    const connections = new Connections({
      target: `127.0.0.1:${xds}`,
      trust: { kind: 'skip-verify' },
      perConnection: 1,
      clock,
    })
    this.#fleet = new Fleet({
      members: plan.sidecars.map((_sidecar, index) => this.#member(index)),
      zone: plan.name,
      rampPerSecond: this.#order.dataplanesPerSecond,
      seed: this.#order.seed ^ plan.index,
      connect: () => connections.open(''),
      adminPortOf: () => undefined,
      clock,
      log: silentLogger,
      hops: this.#sidecarHops,
      onProgress: () => {},
    })
    this.#fleet.start()
  }

  async stop(): Promise<void> {
    this.#faults.stop()
    this.#fleet?.stop()
    if (this.#started) await this.#process.stop()
  }

  strike: ZoneMember['strike'] = ({ fault }) => {
    this.#faults.add({ ...fault, expiredToken: this.#zone.expiredToken })
  }

  /** A sidecar that is replaced comes back as another life of itself; services and insights follow by themselves. */
  async churn({ kind, index }: PlannedChurn): Promise<void> {
    const { plan } = this.#zone
    const sidecar = plan.sidecars[index]
    const proxy = sidecar && this.#fleet?.proxies.get(`${this.#order.mesh}/${sidecar.name}`)
    if (kind !== 'dataplane' || !proxy) return
    proxy.stop()
    proxy.start()
  }

  final(): readonly FinalState[] {
    const { plan } = this.#zone
    const { tenant, name } = plan
    const held = [...this.#held]
    const sidecars = [...(this.#fleet?.proxies.values() ?? [])].map((proxy): FinalState => {
      const shown = new Map<string, number>()
      for (const [cluster, { resource }] of proxy.configuration.active('cluster')) {
        const service = serviceOf(cluster)
        if (service === undefined) continue
        for (const [type, write] of marksOf(resource)) shown.set(`${type}/${service}`, write)
      }
      return { tenant, name: `${name}/${proxy.name}`, hash: stateHash(shown), held: [...shown] }
    })
    return [{ tenant, name, hash: stateHash(held), held }, ...sidecars]
  }

  #dial(expired: string | undefined): GlobalConnection {
    const { target } = this.#order
    const { plan, token, cpId } = this.#zone
    const { wire: count, decoder, clock } = this.#log
    return connectZone({
      target: target.host,
      trust: target.trust,
      zone: plan.name,
      release: RELEASE,
      token: expired ?? token,
      cpId: cpId === undefined ? undefined : { header: target.cpIdHeader, id: cpId },
      messageBytesMax: 2 * OVERSIZE_BYTES,
      count,
      decoder,
      clock,
    })
  }

  #config(): ZoneConfig {
    const { target } = this.#order
    const { plan, cpId } = this.#zone
    const flags = {
      ...Object.fromEntries(OWN_PORTS.map((port) => [port, '0'])),
      zoneName: plan.name,
      globalAddress: `grpcs://${target.host}`,
      dpAuth: 'none',
      zoneProxy: 'false',
      backoffBaseMs: String(this.#order.topology.reconnect),
      backoffCapMs: String(this.#order.topology.reconnect),
      ...(cpId !== undefined && { cpId }),
    }
    return readZoneConfig({ env: {}, flags }).values
  }

  #member(index: number): FleetMember {
    const { plan } = this.#zone
    const { mesh } = this.#order
    const sidecar = plan.sidecars[index]
    if (!sidecar) throw new Error(`zone ${plan.name} has no sidecar ${index}`)
    return {
      mesh,
      name: sidecar.name,
      resource: dataplaneBody(mesh, plan, sidecar, index),
      behaviour: behaviourNamed('steady', {}),
      adminPort: 0,
      tokenFile: undefined,
    }
  }

  #stored({ changes }: Commit): void {
    const { clock, zoneArrivals, faultedUntilMs } = this.#log
    for (const { key, before, after } of changes) {
      if (key.mesh !== this.#order.mesh) continue
      const what = `${key.type}/${key.name}.${key.mesh ?? ''}`
      const text = after?.labels[WRITE_LABEL]
      if (text === undefined) {
        if (before?.labels[WRITE_LABEL] !== undefined) this.#held.delete(what)
        continue
      }
      const write = Number(text)
      const nowMs = clock.monotonicMs()
      this.#storedMs.delete(this.#held.get(what) ?? 0)
      this.#held.set(what, write)
      this.#storedMs.set(write, nowMs)
      zoneArrivals.arrived(this.#place, write, nowMs, faultedUntilMs(this.#place))
    }
  }

  #linkIs(live: boolean): void {
    if (live === this.#isLive) return
    this.#isLive = live
    if (live) this.#log.live(this.#place)
    else this.#log.lost(this.#place, 'the link to the global ended')
  }

  #sent({ hop, type, peer = '', name, version, at }: Hop): void {
    if (hop === 'xds-sent' && type === ENVOY_TYPE_URL.cluster) this.#sentMs.set(`${peer} ${name} ${version}`, at)
  }

  #applied({ type, peer = '', name, version, at }: Hop): void {
    if (type !== ENVOY_TYPE_URL.cluster || version === undefined) return
    const id = peer.slice(peer.indexOf('/') + 1)
    const sidecar = this.#fleet?.proxies.get(id.replace('.', '/'))
    const held = sidecar?.configuration.warming.get(name) ?? sidecar?.configuration.active('cluster').get(name)
    if (!sidecar || held?.resource.version !== version) return
    const { sidecarArrivals, faultedUntilMs, firstSidecar, hop } = this.#log
    const sentKey = `${peer} ${name} ${version}`
    const sentMs = this.#sentMs.get(sentKey)
    this.#sentMs.delete(sentKey)
    if (sentMs !== undefined) hop('sidecar', at - sentMs)
    const place = firstSidecar(this.#place) + this.#zone.plan.sidecars.findIndex((one) => one.name === sidecar.name)
    for (const [, write] of marksOf(held.resource)) {
      // A cluster bears the marks of every type: most of them came with an earlier version of it.
      const isSampled = sidecarArrivals.arrived(place, write, at, faultedUntilMs(this.#place))
      const storedMs = this.#storedMs.get(write)
      if (isSampled && storedMs !== undefined && sentMs !== undefined) hop('snapshot', sentMs - storedMs)
    }
  }
}
