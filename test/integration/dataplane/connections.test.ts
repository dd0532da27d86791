import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { type Connection, Connections } from '../../../src/dataplane/connections.js'

let server: Http2Server
let dir: string
/** HTTP/2 connections that were made, and those of them that stand. */
let made = 0
let standing = 0
/** The authorization of each stream. */
let authorizations: (string | undefined)[] = []
const opened: Connection[] = []

beforeEach(async () => {
  made = 0
  standing = 0
  authorizations = []
  dir = mkdtempSync(join(tmpdir(), 'zonelab-connections-'))
  server = createServer()
  server.on('session', (session) => {
    made += 1
    standing += 1
    session.on('close', () => {
      standing -= 1
    })
  })
  server.on('stream', (_stream, headers) => authorizations.push(headers.authorization))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.release()
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true })
})

function connections(perConnection: number): Connections {
  const { port } = server.address() as AddressInfo
  const target = `127.0.0.1:${port}`
  return new Connections({ target, trust: { kind: 'plaintext' }, perConnection, clock: systemClock })
}

function open(from: Connections, tokenFile = ''): Connection {
  const connection = from.open(tokenFile)
  connection.duplex.open({ onMessage: () => {}, onWritable: () => {}, onEnd: () => {} })
  opened.push(connection)
  return connection
}

test('streams share a connection up to its limit, and the last to leave closes it', async () => {
  const shared = connections(2)
  const three = [open(shared), open(shared), open(shared)]
  await expect.poll(() => authorizations.length).toBe(3)
  expect(made).toBe(2)
  for (const connection of three) connection.release()
  await expect.poll(() => standing).toBe(0)
})

test('a connection that a stream has left takes no new ones, for it may be broken', async () => {
  const shared = connections(10)
  const first = open(shared)
  open(shared)
  first.release()
  open(shared)
  await expect.poll(() => made).toBe(2)
})

test('only streams with the same token share, and the file is read for each', async () => {
  const file = (name: string, token: string) => {
    writeFileSync(join(dir, name), token)
    return join(dir, name)
  }
  const shared = connections(10)
  open(shared, file('a', 'token-1\n'))
  open(shared, file('b', 'token-2'))
  open(shared, file('a', 'token-3'))
  await expect.poll(() => [...authorizations].sort()).toEqual(['token-1', 'token-2', 'token-3'])
  // The third stream began to fill the first one's connection.
  expect(made).toBe(2)
})

test('a token file that is not there or empty is named', () => {
  const alone = connections(1)
  expect(() => alone.open(join(dir, 'none'))).toThrow(/cannot read the dataplane token file .*none/)
  writeFileSync(join(dir, 'empty'), '\n')
  expect(() => alone.open(join(dir, 'empty'))).toThrow(/empty is empty/)
})
