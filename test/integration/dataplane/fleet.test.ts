import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { silentLogger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import { DataplaneProcess } from '../../../src/dataplane/compose.js'
import { readDataplaneConfig } from '../../../src/dataplane/config.js'
import { cluster, endpoints, envoySnapshot, listener, staticCluster } from '../../support/envoy-snapshot.js'
import { AdsServer } from './ads-server.js'

const stops: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const TOKEN = 'diagnostics'

function shop(listenerPort = 10_001) {
  return envoySnapshot({
    cluster: [cluster('backend'), staticCluster('self')],
    endpoint: [endpoints('backend', 8080, 8081)],
    listener: [listener('out', listenerPort), listener('in', 80)],
  })
}

async function startServer(snapshot = shop(), port = 0): Promise<{ server: AdsServer; port: number }> {
  const server = new AdsServer(snapshot)
  const bound = await server.listen(port)
  stops.push(() => server.stop())
  return { server, port: bound }
}

interface RunningFleet {
  readonly admin: string
  readonly ownAdminPorts: ReadonlyMap<string, number>
  /** GET of the diagnostics, as JSON. */
  ask(path: string): Promise<{ synced?: boolean; laggards?: { component: string; why: string }[] }>
}

async function startFleet(port: number, dataplanes: object[], settings: object = {}): Promise<RunningFleet> {
  const dir = mkdtempSync(join(tmpdir(), 'zonelab-fleet-'))
  stops.push(() => rmSync(dir, { recursive: true }))
  const fleetFile = join(dir, 'fleet.json')
  const tokenPath = join(dir, 'token')
  writeFileSync(fleetFile, JSON.stringify({ dataplanes }))
  writeFileSync(tokenPath, 'secret-1\n')
  const { values } = readDataplaneConfig({
    env: {},
    file: {
      cpAddress: `http://127.0.0.1:${port}`,
      fleetFile,
      tokenPath,
      diagnosticsToken: TOKEN,
      rampPerSecond: 1_000,
      seed: 7,
      ...settings,
    },
  })
  const fleet = new DataplaneProcess(values, { clock: systemClock, random: systemRandom, log: silentLogger })
  const { diagnostics, admin, ownAdminPorts } = await fleet.start()
  stops.push(() => fleet.stop())
  return {
    admin: `http://127.0.0.1:${admin}`,
    ownAdminPorts,
    ask: async (path) => {
      const headers = { authorization: `Bearer ${TOKEN}` }
      return (await (await fetch(`http://127.0.0.1:${diagnostics}${path}`, { headers })).json()) as object
    },
  }
}

async function dumpOf(url: string): Promise<string> {
  return (await fetch(`${url}/config_dump?include_eds`)).text()
}

const FIFTY = [{ mesh: 'default', name: 'web', count: 50 }]
const SYNCED = { synced: true, laggards: [] }

test('fifty sidecars converge, and a change reaches all of them', async () => {
  const { server, port } = await startServer()
  const fleet = await startFleet(port, FIFTY)
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
  expect(server.seen.size).toBe(50)

  server.replace(shop(10_002))
  await expect
    .poll(async () => {
      const dumps = await Promise.all([...fleet.ownAdminPorts.values()].map((own) => dumpOf(`http://127.0.0.1:${own}`)))
      return dumps.filter((dump) => dump.includes('10002') && !dump.includes('10001')).length
    })
    .toBe(50)
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
})

test('a server that comes back is told what is held and sends no resource again', async () => {
  const first = await startServer()
  const fleet = await startFleet(first.port, FIFTY)
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
  await first.server.stop()

  const second = await startServer(shop(), first.port)
  await expect.poll(() => second.server.seen.size, { timeout: 10_000 }).toBe(50)
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
  expect([...second.server.seen.values()].flatMap(({ sent }) => sent)).toEqual([])
})

test('a server that comes back with something new sends that alone', async () => {
  const first = await startServer()
  const fleet = await startFleet(first.port, [{ mesh: 'default', name: 'web' }])
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
  await first.server.stop()

  const second = await startServer(shop(10_002), first.port)
  await expect.poll(() => second.server.seen.get('default.web')?.sent.length, { timeout: 10_000 }).toBe(1)
  expect(second.server.seen.get('default.web')?.sent[0]).toMatch(/Listener out /)
  expect(await dumpOf(`${fleet.admin}/proxies/default/web`)).toContain('10002')
})

test('a cluster that changed while the server was away comes with its endpoints, which it warms with', async () => {
  const first = await startServer()
  const fleet = await startFleet(first.port, [{ mesh: 'default', name: 'web' }])
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
  await first.server.stop()

  const changed = envoySnapshot({
    cluster: [cluster('backend', { connectTimeout: '7s' }), staticCluster('self')],
    endpoint: [endpoints('backend', 8080, 8081)],
    listener: [listener('out', 10_001), listener('in', 80)],
  })
  await startServer(changed, first.port)
  await expect.poll(() => dumpOf(`${fleet.admin}/proxies/default/web`), { timeout: 5_000 }).toContain('7s')
  expect(await fleet.ask('/synced?timeoutMs=3000')).toEqual(SYNCED)
})

test('a refused listener is seen by the server with its reason, and the last good one stays', async () => {
  const { server, port } = await startServer()
  const fleet = await startFleet(port, [{ mesh: 'default', name: 'web' }])
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)

  server.replace(shop(80))
  const reason = "error adding listener: 'out' has duplicate address '127.0.0.1:80' as existing listener 'in'"
  await expect.poll(() => server.seen.get('default.web')?.refusals).toEqual([reason])
  expect(await fleet.ask('/synced?timeoutMs=0')).toEqual({
    synced: false,
    laggards: [
      { component: 'dp/default/web', type: expect.stringMatching(/Listener$/), why: `refused out: ${reason}` },
    ],
  })
  expect(await dumpOf(`${fleet.admin}/proxies/default/web`)).toContain('10001')
})

test('sidecars of one connection are sidecars still', async () => {
  const { server, port } = await startServer()
  const fleet = await startFleet(port, FIFTY, { proxiesPerConnection: 25 })
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
  expect(server.seen.size).toBe(50)
})

test('a sidecar says who it is, brings its Dataplane and its bare token, and tells where its admin interface is', async () => {
  const { server, port } = await startServer()
  const resource = {
    labels: { 'kuma.io/workload': 'web' },
    networking: { address: '10.0.0.9', inbound: [{ port: 80 }] },
  }
  const fleet = await startFleet(port, [
    { mesh: 'default', name: 'web', resource, count: 2 },
    { mesh: 'default', name: 'zone-proxy' },
  ])
  expect(await fleet.ask('/synced?timeoutMs=10000')).toEqual(SYNCED)
  const web = server.seen.get('default.web-2')
  expect(web?.token).toBe('secret-1')
  expect(web?.node.cluster).toBe('web')
  expect(web?.node.metadata).toMatchObject({
    'dataplane.proxyType': 'dataplane',
    'dataplane.admin.port': String(fleet.ownAdminPorts.get('default/web-2')),
    'dataplane.admin.address': '127.0.0.1',
    'dataplane.readinessReporter.port': expect.stringMatching(/^\d+$/),
    version: { kumaDp: { version: '3.0.0' }, envoy: { version: '1.40.0' } },
  })
  expect(JSON.parse(String(web?.node.metadata?.['dataplane.resource']))).toEqual({
    ...resource,
    type: 'Dataplane',
    mesh: 'default',
    name: 'web-2',
    networking: { address: '10.0.0.10', inbound: [{ port: 80 }] },
  })
  expect(server.seen.get('default.zone-proxy')?.node.metadata).not.toHaveProperty('dataplane.resource')
})
