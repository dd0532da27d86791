import { systemClock as clock } from '../../../src/base/clock.js'
import { silentLogger as log } from '../../../src/base/log.js'
import { systemRandom as random } from '../../../src/base/random.js'
import { ZoneProcess } from '../../../src/zone/compose.js'
import { readZoneConfig } from '../../../src/zone/config.js'
import { offer } from '../child.js'

const PORTS = ['apiHttpPort', 'apiHttpsPort', 'diagnosticsPort', 'dpServerPort', 'bootstrapPort'] as const

/** Several whole zones, packed into one process as a large lab packs them. */
const methods = {
  /** The xDS port of each. */
  async start(kdsPort: number, names: readonly string[]): Promise<readonly number[]> {
    const ports: number[] = []
    for (const zoneName of names) {
      const flags = {
        ...Object.fromEntries(PORTS.map((port) => [port, '0'])),
        zoneName,
        globalAddress: `grpc://127.0.0.1:${kdsPort}`,
        dpAuth: 'none',
        zoneProxy: 'false',
      }
      const { values } = readZoneConfig({ env: {}, flags })
      ports.push((await new ZoneProcess(values, { clock, random, log }).start()).xds)
    }
    return ports
  },
}

export type PackedZones = typeof methods

offer(methods)
