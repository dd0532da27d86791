import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { ApiClient } from '../../../src/lab/api-client.js'
import { itemPath, listPath } from '../../../src/lab/resource-paths.js'

let server: Server
let api: ApiClient

beforeAll(async () => {
  // One that gives idle connections up breaks the next call on a machine that is slow.
  server = createServer({ keepAliveTimeout: 600_000 }, (_request, response) => {
    response.writeHead(404, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ title: 'Could not do it', detail: 'Not found' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  api = new ApiClient({ url, name: 'global', token: () => undefined, tenant: undefined }, systemClock)
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test.each([
  [itemPath('MeshTimeout', 'blue', 'nope'), 'global: MeshTimeout blue/nope is not there'],
  [itemPath('Mesh', undefined, 'nope'), 'global: Mesh nope is not there'],
  ['/somewhere', 'global: /somewhere is not there'],
])('what is not there is named (%s)', async (path, message) => {
  await expect(api.get(path)).rejects.toMatchObject({ code: 'not-found', message })
  await expect(api.delete(path)).rejects.toMatchObject({ code: 'not-found', message })
})

test('a write that finds nothing lacks its mesh', async () => {
  await expect(api.put(itemPath('MeshTimeout', 'blue', 't'), {})).rejects.toThrow('global: mesh "blue" is not there')
  await expect(api.put(listPath('Mesh', undefined), {})).rejects.toThrow('global: /meshes is not there')
})
