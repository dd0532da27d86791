import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileController } from '../../../src/cli/conformance/file-controller.js'

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-controller-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, 0o700)
  return path
}

const MODULE = `
export const exclusive = false
export const start = async ({ config }) =>
  config.auth === 'none'
    ? { refused: 'not open' }
    : { id: 'a', address: '127.0.0.1:1', ca: null, api: { url: 'http://127.0.0.1:2', userToken: 't' } }
export const log = async ({ id }) => ({ log: 'log of ' + id })
export const stop = async () => {}
`

test('the exports of a module are its hooks', async () => {
  const controller = await fileController(file('c.mjs', MODULE), [])
  expect([...controller.hooks]).toEqual(['start', 'log'])
  expect(controller.exclusive).toBe(false)
  const instance = await controller.start({})
  expect(instance).toMatchObject({
    kind: 'running',
    endpoint: { address: '127.0.0.1:1', trust: { kind: 'plaintext' }, api: { userToken: 't' } },
  })
  if (instance.kind !== 'running') return
  expect(await instance.log()).toBe('log of a')
  await expect(instance.restart()).rejects.toMatchObject({
    code: 'unimplemented',
    message: 'needs operator (restart)',
  })
})

test('a target that refuses to start says why', async () => {
  const controller = await fileController(file('c.mjs', MODULE), [])
  expect(await controller.start({ auth: 'none' })).toEqual({ kind: 'refused', text: 'not open' })
})

test('a zone is started by a hook of its own, and ended and read as any target', async () => {
  const text = `
const ended = []
export const startZone = async ({ config }) =>
  config.globalAddress.startsWith('grpc://') ? { refused: 'not in plaintext' } : { id: config.zone }
export const log = async ({ id }) => ({ log: id + ' of ' + ended })
export const stop = async ({ id }) => void ended.push(id)
`
  const controller = await fileController(file('c.mjs', text), [])
  expect([...controller.hooks]).toEqual(['log', 'start-zone'])
  const config = { zone: 'z', globalAddress: 'grpcs://h:1', caFile: 'ca', tokenFile: 't', skipVerify: false }
  const zone = await controller.startZone(config)
  if (zone.kind === 'refused') throw new Error(zone.text)
  await zone.stop()
  expect(await zone.log()).toBe('z of z')
  const plaintext = { ...config, globalAddress: 'grpc://h:1' }
  expect(await controller.startZone(plaintext)).toEqual({ kind: 'refused', text: 'not in plaintext' })
})

test('an executable is asked with JSON and answers with JSON', async () => {
  const script = `#!${process.execPath}
let input = ''
process.stdin.on('data', (text) => { input += text }).on('end', () => {
  const { config } = JSON.parse(input)
  const hook = process.argv[2]
  if (hook === 'describe') console.log(JSON.stringify({ hooks: ['start'] }))
  if (hook === 'start') console.log(JSON.stringify({ address: '127.0.0.1:' + config.leewaySeconds, ca: 'PEM' }))
})
`
  const controller = await fileController(file('controller', script), [])
  expect(controller.exclusive).toBe(true)
  const instance = await controller.start({ leewaySeconds: 7 })
  expect(instance).toMatchObject({ endpoint: { address: '127.0.0.1:7', trust: { kind: 'ca', caPem: 'PEM' } } })
})

test('an answer that is none is told by field', async () => {
  const controller = await fileController(file('c.mjs', 'export const start = () => ({ address: 5 })'), [])
  await expect(controller.start({})).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('a file that is not there is told', async () => {
  await expect(fileController('/nowhere/c.mjs', [])).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('a target that it starts on another machine is stopped again, unless that is allowed', async () => {
  const text = `
export const start = async () => ({ address: '192.0.2.1:5685', ca: null })
export const stop = async () => { globalThis.stoppedByTest = true }
`
  const elsewhere = file('c.mjs', text)
  await expect((await fileController(elsewhere, [])).start({})).rejects.toMatchObject({
    code: 'guard-rail',
    message: expect.stringContaining('--allow-target 192.0.2.1:5685'),
  })
  expect(globalThis).toHaveProperty('stoppedByTest', true)
  expect(await (await fileController(elsewhere, ['192.0.2.1:5685'])).start({})).toMatchObject({ kind: 'running' })
})
