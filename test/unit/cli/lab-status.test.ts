import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import type { Context } from '../../../src/cli/command.js'
import type { LabAccess } from '../../../src/cli/lab-access.js'
import { linkNotices, zoneSyncs } from '../../../src/cli/lab-status.js'
import type { SyncRow } from '../../../src/insights/sync-report.js'
import { componentsOf } from '../../../src/lab/components.js'
import { ControlClient } from '../../../src/lab/control-client.js'
import type { LabSpec } from '../../../src/lab/lab-spec.js'
import { labView } from '../../../src/lab/lab-view.js'
import { labPaths } from '../../../src/lab/paths.js'
import { FakeClock } from '../../support/fake-clock.js'
import { labSpec } from '../lab/specs.js'
import { FakeIo } from './fake-io.js'

/** Processes that say on their diagnostics port what a test has them say. */

let home: string
let clock: FakeClock
let servers: Server[]
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zonelab-status-'))
  clock = new FakeClock()
  servers = []
})
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  rmSync(home, { recursive: true, force: true })
})

/** Port of a process with this status; `paused`: it takes connections and says nothing. */
async function serve(status: object | 'paused'): Promise<number> {
  const server = createServer((_request, response) => {
    if (status !== 'paused') response.end(JSON.stringify(status))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function lab(spec: LabSpec, ports: Readonly<Record<string, number>>): LabAccess {
  const paths = labPaths('default', { XDG_DATA_HOME: home })
  const view = labView({
    paths,
    spec,
    ports: Object.fromEntries(Object.entries(ports).map(([key, diagnosticsPort]) => [key, { diagnosticsPort }])),
    components: componentsOf(spec),
    packed: false,
    database: 'memory',
    stateOfComponent: () => ({ kind: 'ready', id: undefined, sinceMs: 0, paused: false }),
    state: 'ready',
    pid: 1,
    notices: [],
    controlPlanes: {},
  })
  return { paths, view, control: new ControlClient(paths.socket) }
}

function context(): Context {
  const signal = new AbortController().signal
  return { io: new FakeIo(), clock, random: seededRandom(1), env: {}, program: 'zonelab', signal }
}

function row(tenant: string, peer: string, state: SyncRow['state'] = 'SYNCED'): SyncRow {
  return { tenant, peer, type: 'Mesh', state, behind: 0, messageAgeMs: 5, detail: undefined }
}

async function settled<T>(asked: Promise<T>): Promise<T> {
  let done = false
  const end = () => {
    done = true
  }
  asked.then(end, end)
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve))
    // A process that is paused is waited for in virtual time, once those that answer have.
    if (servers.every((server) => server.listening)) await clock.stepAsync(10)
  }
  return asked
}

const foreignSpec = (zones: number) =>
  labSpec(zones, {
    global: { kind: 'foreign', address: 'grpcs://127.0.0.1:1', caFile: undefined, zoneTokenDir: undefined },
  })

describe("on the lab's own global", () => {
  test('a zone that does not answer is stale, whatever the global still believes of it', async () => {
    const zones = [row('default', 'zone-1'), row('default', 'zone-2'), row('default', 'zone-3', 'OFFLINE')]
    const access = lab(labSpec(3), {
      global: await serve({ zones, refused: [] }),
      'zone-1': await serve({}),
      'zone-2': await serve('paused'),
      'zone-3': await serve('paused'),
    })
    expect(
      (await settled(zoneSyncs(access, context()))).map(({ zone, state, detail }) => [zone, state, detail]),
    ).toEqual([
      ['zone-1', 'SYNCED', undefined],
      ['zone-2', 'STALE', 'does not answer: stopped, paused or overloaded'],
      ['zone-3', 'OFFLINE', undefined],
    ])
  })

  test('of a tenant only its own zones are shown, and zones of one name are told apart', async () => {
    const spec = labSpec(1)
    const two = { ...spec, topology: { ...spec.topology, tenants: ['a', 'b'] } }
    const access = lab(two, {
      global: await serve({ zones: [row('a', 'zone-1'), row('b', 'zone-1')], refused: [] }),
      'zone-1@a': await serve('paused'),
      'zone-1@b': await serve({}),
    })
    const shown = async (tenant?: string) =>
      (await settled(zoneSyncs(access, context(), tenant))).map((zone) => [zone.tenant, zone.state])
    expect(await shown()).toEqual([
      ['a', 'STALE'],
      ['b', 'SYNCED'],
    ])
    expect(await shown('b')).toEqual([['b', 'SYNCED']])
  })

  test('zones of a shard whose global is away are offline and say why; those of the others are as they were', async () => {
    const spec = labSpec(1)
    const topology = { ...spec.topology, shards: ['us-1', 'eu-1'], tenants: ['a', 'b'] }
    const access = lab(
      { ...spec, topology },
      {
        'global/us-1': await serve({ zones: [row('a', 'zone-1')], refused: [] }),
        // Nobody listens there.
        'global/eu-1': 1,
        'zone-1@a': await serve({}),
        'zone-1@b': await serve({}),
      },
    )
    expect(
      (await settled(zoneSyncs(access, context()))).map(({ tenant, state, detail }) => [tenant, state, detail]),
    ).toEqual([
      ['a', 'SYNCED', undefined],
      ['b', 'OFFLINE', 'global/eu-1 does not answer'],
    ])
    await expect(settled(zoneSyncs(access, context(), 'b'))).rejects.toThrow('global/eu-1')
    expect(await settled(zoneSyncs(access, context(), 'a'))).toHaveLength(1)
  })

  test('a peer that is refused is named, and what lets it in', async () => {
    const refused = [{ tenant: 'default', zone: 'zone-1', reason: 'no-token', ageMs: 5 }]
    const access = lab(labSpec(1), { global: await serve({ zones: [], refused }) })
    expect(await settled(linkNotices(access, context()))).toEqual([
      'zone-1 is refused by the global: no-token; a kuma-cp that cannot send a token gets in with: zonelab up --auth none',
    ])
  })
})

describe("on another's global", () => {
  const said = (state: string, why?: string) => ({ zone: '', link: { state, why, messageAgeMs: 7 }, dataplanes: [] })

  test('a zone is online while its link is, and its rows are what that global acknowledged', async () => {
    const access = lab(foreignSpec(3), {
      'zone-1': await serve({ ...said('streaming'), up: [row('default', 'global', 'PENDING')] }),
      'zone-2': await serve({ ...said('backing-off', 'connection refused'), up: [] }),
      'zone-3': await serve('paused'),
    })
    const zones = await settled(zoneSyncs(access, context()))
    expect(zones.map(({ zone, state, messageAgeMs }) => [zone, state, messageAgeMs])).toEqual([
      ['zone-1', 'PENDING', 7],
      ['zone-2', 'OFFLINE', undefined],
      ['zone-3', 'STALE', undefined],
    ])
    expect(zones[0]?.types.map(({ peer, type }) => [peer, type])).toEqual([['zone-1', 'Mesh']])
    expect(await settled(linkNotices(access, context()))).toEqual([
      'zone-2 is not connected to its global: connection refused',
    ])
  })
})
