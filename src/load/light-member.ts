import { LinkFaults } from '../zone/link-faults.js'
import { LightZone } from './light-zone.js'
import { releaseNamed } from './release.js'
import { stateHash } from './state-hash.js'
import { connectZone } from './zone-connection.js'
import type { MakeMember } from './zone-crew.js'
import { ZoneInventory } from './zone-inventory.js'

/** Kuma's limit, and one above it for zones that are to break it. */
const MESSAGE_BYTES_MAX = 10_485_760

/** A zone of the light tier. */
export const makeLightMember: MakeMember = async (order, { plan, token, expiredToken, cpId }, place, log) => {
  const { clock, random, wire, decoder } = log
  const { target, topology, mesh, silent } = order
  const release = releaseNamed(plan.release)
  const inventory = await ZoneInventory.make({ mesh, zone: plan, silent, clock, random })
  const faults = new LinkFaults({ zone: plan.name, clock, oversizeBytes: MESSAGE_BYTES_MAX + 1 })
  const zone = new LightZone({
    zone: plan.name,
    mesh,
    release,
    resume: topology.resume,
    reconnectMs: topology.reconnect,
    ackDelayMs: topology.ackDelay,
    connect: (expired) =>
      connectZone({
        target: target.host,
        trust: target.trust,
        zone: plan.name,
        release,
        token: expired ?? token,
        cpId: cpId === undefined ? undefined : { header: target.cpIdHeader, id: cpId },
        messageBytesMax: 2 * MESSAGE_BYTES_MAX,
        count: wire,
        decoder,
        clock,
      }),
    faults,
    source: inventory.source,
    clock,
    random,
    events: {
      onWrite: (number) => log.zoneArrivals.arrived(place, number, clock.monotonicMs(), log.faultedUntilMs(place)),
      onLive: (afterMs) => {
        log.live(place)
        if (afterMs !== undefined) log.reconnected(afterMs)
      },
      onResync: (bytes) => log.resynced(bytes),
      onLost: (reason) => log.lost(place, reason.detail === '' ? reason.kind : reason.detail),
    },
  })
  return {
    get isLive() {
      return zone.isLive
    },
    sidecarsLive: 0,
    async start() {
      zone.start()
    },
    async stop() {
      zone.stop()
      inventory.stop()
    },
    strike: ({ fault }) => faults.add({ ...fault, expiredToken }),
    churn: (event) => inventory.churn(event),
    final() {
      const held = [...zone.sink.writes]
      return [{ tenant: plan.tenant, name: plan.name, hash: stateHash(held), held }]
    },
  }
}
