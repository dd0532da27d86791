import { expect, test } from 'vitest'
import { apiPlugin } from '../../../src/api/plugin.js'
import { ROUTE_TABLE } from '../../../src/api/route-table.js'
import { silentLogger } from '../../../src/base/log.js'
import { HttpServer } from '../../../src/transport/http/server.js'
import { FakeClock } from '../../support/fake-clock.js'
import { apiLab } from './api-lab.js'

test('every registered path is in the table, and every row is registered', async () => {
  const registered = new Set<string>()
  const options = { name: 'api', host: '127.0.0.1', port: 0, clock: new FakeClock(), log: silentLogger }
  const { fastify } = new HttpServer(options)
  fastify.addHook('onRoute', ({ url }) => {
    registered.add(url.replaceAll(/:(\w+)/g, '{$1}'))
  })
  await fastify.register(apiPlugin, (await apiLab()).options)
  await fastify.ready()
  expect([...registered].sort()).toEqual([...new Set(ROUTE_TABLE.map(({ path }) => path))].sort())
})

test('no operation is there twice and each says what it is', () => {
  const operations = ROUTE_TABLE.map(({ method, path }) => `${method} ${path}`)
  expect(new Set(operations).size).toBe(operations.length)
  for (const { what } of ROUTE_TABLE) expect(what).toMatch(/^[A-Z].*[^.]$/)
})

test('the table has what people look for', () => {
  const everyone = { rules: [], anonymous: false }
  expect(ROUTE_TABLE).toContainEqual({ method: 'GET', path: '/zones/_overview', what: expect.any(String), ...everyone })
  const rules = ['generateZoneToken']
  expect(ROUTE_TABLE).toContainEqual({
    ...everyone,
    method: 'POST',
    path: '/tokens/zone',
    what: 'Issue a zone token',
    rules,
  })
  expect(ROUTE_TABLE.filter(({ path }) => path === '/meshes/{mesh}/meshtimeouts/{name}').map((r) => r.method)).toEqual([
    'GET',
    'PUT',
    'DELETE',
  ])
})
