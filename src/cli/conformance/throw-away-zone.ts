import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.js'
import { systemRandom } from '../../base/random.js'
import type { Endpoint } from '../../conformance/controller.js'
import { writePrivateFile } from '../../lab/private-files.js'
import { createCa, createServerCertificate } from '../../transport/tls.js'
import { ZoneProcess } from '../../zone/compose.js'
import { readZoneConfig } from '../../zone/config.js'
import { RecordedLog } from './recorded-log.js'

const HOST = '127.0.0.1'

export interface ThrowAwayZone {
  readonly endpoint: Endpoint
  log(): Promise<string>
  stop(): Promise<void>
}

/** A zone of ours that stands alone, in this process, over real sockets, with a data file of its own. */
export async function throwAwayZone(): Promise<ThrowAwayZone> {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-conformance-'))
  const file = (name: string) => join(folder, name)
  const ca = createCa({ name: 'zonelab conformance', nowMs: systemClock.nowMs() })
  const { certPem, keyPem } = createServerCertificate({ ca, nowMs: systemClock.nowMs() })
  writePrivateFile(file('tls.key'), keyPem)
  writePrivateFile(file('tls.crt'), certPem)
  const log = new RecordedLog()
  const settings = {
    zoneName: 'zone-1',
    zoneProxy: false,
    apiHttpPort: 0,
    apiHttpsPort: 0,
    diagnosticsPort: 0,
    dpServerPort: 0,
    bootstrapPort: 0,
    localhostIsAdmin: false,
    tlsCertFile: file('tls.crt'),
    tlsKeyFile: file('tls.key'),
    adminTokenFile: file('admin-token'),
    store: file('zone.db'),
  }
  const process = new ZoneProcess(readZoneConfig({ file: settings, env: {} }).values, {
    clock: systemClock,
    random: systemRandom,
    log,
  })
  const stop = async () => {
    await process.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const ports = await process.start()
    const userToken = readFileSync(file('admin-token'), 'utf8').trim()
    return {
      endpoint: {
        address: `${HOST}:${ports.xds}`,
        trust: { kind: 'ca', caPem: ca.certPem },
        api: { url: `http://${HOST}:${ports.apiHttp}`, userToken },
        bootstrap: { url: `https://${HOST}:${ports.bootstrap}`, userToken: undefined, caPem: ca.certPem },
      },
      log: async () => log.text,
      stop,
    }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}
