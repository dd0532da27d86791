import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { assignPorts } from '../../../src/lab/assign-ports.js'
import { isPortFree, PortAllocator } from '../../../src/lab/ports.js'
import { shopTopology } from '../../../src/lab/shop.js'
import { labSpec } from './specs.js'

const allFree = async () => true
const taken =
  (...ports: number[]) =>
  async (_host: string, port: number) =>
    !ports.includes(port)

test("the global gets Kuma's ports while they are free", async () => {
  const { ports, notices } = await assignPorts('/labs/a', labSpec(1), {}, [], allFree)
  expect(ports.global).toEqual({ diagnosticsPort: 5680, apiHttpPort: 5681, apiHttpsPort: 5682, kdsPort: 5685 })
  expect(notices).toEqual([])
})

test('a usual port that is taken is replaced, and said', async () => {
  const { ports, notices } = await assignPorts('/labs/a', labSpec(1), {}, [], taken(5685))
  const chosen = ports.global?.kdsPort
  expect(chosen).toBeGreaterThanOrEqual(20_000)
  expect(notices).toEqual([`port 5685 is taken; kds-port is ${chosen} instead`])
})

test('a port that was asked for and is taken is refused by its flag', async () => {
  const spec = labSpec(1, { global: { kind: 'own', ports: { kdsPort: 7000 } } })
  await expect(assignPorts('/labs/a', spec, {}, [], taken(7000))).rejects.toMatchObject({
    code: 'port-taken',
    message: '--kds-port 7000: the port is in use; stop what uses it or leave --kds-port out',
  })
})

test('no two components share a port, and none of them may be taken by an outgoing connection', async () => {
  const { ports } = await assignPorts('/labs/a', labSpec(5), {}, [], allFree)
  const numbers = Object.entries(ports)
    .filter(([key]) => key !== 'global')
    .flatMap(([, own]) => Object.values(own))
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(numbers.every((port) => port >= 20_000 && port < 32_000)).toBe(true)
})

test('each region of the platform has a port, and the first global has those of Kuma', async () => {
  const topology = shopTopology({ shards: ['us-1', 'eu-1'], tenants: 2, zones: 1, dataplanes: 0, external: [] })
  const { ports } = await assignPorts('/labs/a', labSpec(1, { topology }), {}, [], allFree)
  expect(Object.keys(ports.platform ?? {})).toEqual(['diagnosticsPort', 'apiHttpPort', 'apiHttpPort-eu'])
  expect(ports['global/us-1']).toMatchObject({ kdsPort: 5685 })
  expect(ports['global/eu-1']?.kdsPort).toBeGreaterThanOrEqual(20_000)
})

test('a lab that comes back has the ports that it had, as far as they are free', async () => {
  const before = (await assignPorts('/labs/a', labSpec(2), {}, [], allFree)).ports
  expect((await assignPorts('/labs/a', labSpec(2), before, [], allFree)).ports).toEqual(before)
  const lost = before['zone-1']?.dpServerPort ?? 0
  const after = (await assignPorts('/labs/a', labSpec(2), before, [], taken(lost))).ports
  expect(after['zone-1']?.dpServerPort).not.toBe(lost)
  expect(after['zone-2']).toEqual(before['zone-2'])
})

test("another lab's ports are left to it even while it does not run", async () => {
  const other = (await assignPorts('/labs/a', labSpec(3), {}, [], allFree)).ports
  const { ports } = await assignPorts('/labs/a', labSpec(3), {}, [other], allFree)
  const others = new Set(Object.values(other).flatMap((own) => Object.values(own)))
  const mine = Object.entries(ports).filter(([key]) => key !== 'global')
  expect(mine.flatMap(([, own]) => Object.values(own)).filter((port) => others.has(port))).toEqual([])
})

test('a place kept for a kuma-cp has a port for each of its listeners', async () => {
  const { ports } = await assignPorts('/labs/a', labSpec(1, {}, ['zone-1']), {}, [], allFree)
  expect(Object.keys(ports['zone-1'] ?? {})).toContain('interCpPort')
  expect(ports['dataplanes/zone-1']).toBeUndefined()
})

test('an allocator without a free port left says so', async () => {
  const allocator = new PortAllocator({ host: '127.0.0.1', place: 'a', reserved: [], isFree: async () => false })
  await expect(allocator.next()).rejects.toMatchObject({ code: 'port-taken' })
})

test('a port is free when nobody listens on it, and not when somebody does', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  expect(await isPortFree('127.0.0.1', port)).toBe(false)
  await new Promise((resolve) => server.close(resolve))
  expect(await isPortFree('127.0.0.1', port)).toBe(true)
})
