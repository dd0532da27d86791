import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { ControlClient } from '../../../src/lab/control-client.js'
import { type ControlHandlers, ControlServer } from '../../../src/lab/control-server.js'
import type { LabView } from '../../../src/lab/lab-view.js'

let dir: string
let socket: string
let server: ControlServer
const orders: string[] = []

const handlers: ControlHandlers = {
  view: () => ({ lab: 'test' }) as LabView,
  async act(action, component, tenant) {
    if (component === 'nobody') throw new AppError('invalid-argument', 'there is no component "nobody"')
    orders.push(`${action} ${component} ${tenant}`)
  },
  async forget(tenant) {
    orders.push(`forget ${tenant}`)
  },
  async down() {
    orders.push('down')
  },
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'zonelab-control-'))
  socket = join(dir, 'control.sock')
  server = new ControlServer(socket, handlers)
  orders.length = 0
  await server.start()
})
afterEach(async () => {
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

test('orders reach the supervisor, and only its owner can open the socket', async () => {
  const client = new ControlClient(socket)
  expect(await client.view()).toEqual({ lab: 'test' })
  await client.act('kill', 'zone-2', 'cp-1')
  await client.forget('cp-1')
  await client.down()
  expect(orders).toEqual(['kill zone-2 cp-1', 'forget cp-1', 'down'])
  expect(statSync(socket).mode & 0o777).toBe(0o600)
})

test('a refusal comes back with its code and words', async () => {
  await expect(new ControlClient(socket).act('kill', 'nobody', undefined)).rejects.toMatchObject({
    code: 'invalid-argument',
    message: 'there is no component "nobody"',
  })
  // @ts-expect-error no such action
  await expect(new ControlClient(socket).act('explode', 'zone-1', undefined)).rejects.toMatchObject({
    code: 'invalid-argument',
  })
})

test('a lab has one supervisor: the second one is refused', async () => {
  await expect(new ControlServer(socket, handlers).start()).rejects.toMatchObject({ code: 'store-locked' })
})

test('a socket that a dead supervisor left is replaced', async () => {
  await server.stop()
  writeFileSync(socket, '')
  server = new ControlServer(socket, handlers)
  await server.start()
  expect(await new ControlClient(socket).view()).toEqual({ lab: 'test' })
})

test('nobody on the socket is a lab that does not run', async () => {
  await server.stop()
  await expect(new ControlClient(socket).view()).rejects.toMatchObject({ code: 'unavailable' })
})
