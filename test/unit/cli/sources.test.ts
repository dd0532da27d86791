import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { readSources } from '../../../src/cli/sources.js'
import { FakeIo } from './fake-io.js'

test('a URL that names nothing is not found, and a refused connection says so', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.yaml`
  const read = () => readSources(url, new FakeIo(), systemClock)
  await expect(read()).rejects.toMatchObject({ code: 'not-found', message: `${url}: HTTP 404` })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await expect(read()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/ cannot be read: .*ECONNREFUSED/),
  })
})

test('standard input is stdin in every message', async () => {
  expect(await readSources('-', new FakeIo(), systemClock)).toEqual([{ name: 'stdin', text: '' }])
})
