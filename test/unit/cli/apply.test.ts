import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { applyFrom, checkMeshes } from '../../../src/cli/apply.js'
import type { Context } from '../../../src/cli/command.js'
import { readDocuments } from '../../../src/cli/documents.js'
import type { LabAccess } from '../../../src/cli/lab-access.js'
import { FakeIo } from './fake-io.js'

const POLICY = 'spec: { to: [{ targetRef: { kind: Mesh }, default: { idleTimeout: 1s } }] }'
const documents = (text: string) => readDocuments([{ name: 'f.yaml', text }]).resources
const target = (...names: string[]) => ({
  list: async <T>(path: string) => (path === '/meshes' ? names.map((name) => ({ name })) : []) as T[],
})

test('a document whose mesh is neither there nor in the batch is named with its place', async () => {
  const resources = documents(`type: MeshTimeout
name: good
${POLICY}
---
type: MeshTimeout
name: lost
mesh: nomesh
${POLICY}
---
apiVersion: kuma.io/v1alpha1
kind: MeshTimeout
metadata:
  name: other
  labels:
    kuma.io/mesh: nowhere
${POLICY}
`)
  await expect(checkMeshes(resources, target('default'))).rejects.toMatchObject({
    code: 'not-found',
    message:
      'f.yaml:7:1: MeshTimeout nomesh/lost: mesh "nomesh" is not there\n' +
      'f.yaml:15:5: MeshTimeout nowhere/other: mesh "nowhere" is not there',
  })
})

test('a mesh may come with the batch, behind what is in it', async () => {
  const resources = documents(`type: MeshTimeout\nname: t\nmesh: blue\n${POLICY}\n---\ntype: Mesh\nname: blue\n`)
  await checkMeshes(resources, target())
})

test.each([false, true])('nothing is written when one mesh is missing (dry run: %s)', async (dryRun) => {
  const asked: string[] = []
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url?.split('?')[0]}`)
    response.end(JSON.stringify({ items: [{ name: 'default' }], next: null }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const global = { name: 'global', kind: 'global', shard: 'us-1', endpoints: { api } }
  const topology = { shards: ['us-1'], tenants: ['default'], placement: {} }
  const view = { spec: { global: { kind: 'own' }, topology }, components: [global], controlPlanes: {} }
  const io = new FakeIo()
  io.input = `type: MeshTimeout\nname: good\n${POLICY}\n---\ntype: MeshTimeout\nname: lost\nmesh: nomesh\n${POLICY}\n`
  const options = { zone: undefined, tenant: 'default', dryRun, wait: false, explain: false, timeoutMs: 1_000 }
  const applied = applyFrom(
    ['-'],
    { view } as unknown as LabAccess,
    { io, clock: systemClock } as unknown as Context,
    options,
  )
  await expect(applied).rejects.toThrow('stdin:7:1: MeshTimeout nomesh/lost: mesh "nomesh" is not there')
  expect(asked).toEqual(['GET /meshes'])
  expect(io.outLines).toEqual([])
  server.closeAllConnections()
  server.close()
})
