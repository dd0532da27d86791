import { expect, test } from 'vitest'
import { PathTable } from '../../../src/api/path-table.js'
import { ROUTE_TABLE } from '../../../src/api/route-table.js'
import { ROUTES } from '../../../src/api/routes.js'

test('every row of the table is served, and nothing else is', () => {
  const paths = new PathTable(ROUTES, 2_048)
  for (const { method, path } of ROUTE_TABLE) {
    const found = paths.find(path.replaceAll(/\{(\w+)\}/g, 'its-$1'))
    expect(found?.path).toBe(path)
    expect(found?.routes.map((route) => route.method)).toContain(method)
    for (const [name, value] of Object.entries(found?.params ?? {})) expect(value).toBe(`its-${name}`)
  }
  expect(ROUTE_TABLE).toHaveLength(ROUTES.length)
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
