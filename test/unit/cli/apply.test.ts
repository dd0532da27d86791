import { expect, test } from 'vitest'
import { checkMeshes } from '../../../src/cli/apply.js'
import { readDocuments } from '../../../src/cli/documents.js'

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
