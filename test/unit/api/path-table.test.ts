import { expect, test } from 'vitest'
import { PathTable } from '../../../src/api/path-table.js'
import type { Route } from '../../../src/api/route.js'

const route = (method: Route['method'], path: string): Route => {
  return { method, path, what: path, handle: () => ({ status: 200, body: '' }) }
}
const TABLE = new PathTable(
  [
    route('GET', '/'),
    route('GET', '/meshes'),
    route('GET', '/meshes/{name}'),
    route('PUT', '/meshes/{name}'),
    route('GET', '/meshes/{mesh}/dataplanes/{name}'),
    route('GET', '/meshes/{mesh}/dataplanes/_overview'),
    route('GET', '/meshes/all/zones'),
  ],
  20,
)

test.each([
  ['/', '/', {}],
  ['/meshes', '/meshes', {}],
  ['/meshes/', '/meshes', {}],
  ['/meshes/default', '/meshes/{name}', { name: 'default' }],
  ['/meshes/a%2Fb%20c', '/meshes/{name}', { name: 'a/b c' }],
  ['/m%65shes', '/meshes', {}],
  ['/meshes/default/dataplanes/web', '/meshes/{mesh}/dataplanes/{name}', { mesh: 'default', name: 'web' }],
  ['/meshes/default/dataplanes/_overview', '/meshes/{mesh}/dataplanes/_overview', { mesh: 'default' }],
  ['/meshes/all/dataplanes/web', '/meshes/{mesh}/dataplanes/{name}', { mesh: 'all', name: 'web' }],
])('%s leads to %s', (url, path, params) => {
  expect(TABLE.find(url)).toMatchObject({ path, params })
})

test.each([
  '//meshes',
  '/meshes//',
  '/meshes//dataplanes/web',
  '/meshes/a/b',
  '/nothing',
  '/meshes%2Fdefault',
  `/meshes/${'x'.repeat(21)}`,
])('%s leads nowhere', (url) => {
  expect(TABLE.find(url)).toBeUndefined()
})

test('one path has all of its methods', () => {
  expect(TABLE.find('/meshes/default')?.routes.map(({ method }) => method)).toEqual(['GET', 'PUT'])
})
