import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ComponentView } from '../../../src/lab/lab-view.js'
import { type LabPaths, labPaths } from '../../../src/lab/paths.js'
import { shopTopology } from '../../../src/lab/shop.js'
import { removeTenantFiles } from '../../../src/lab/tenant-files.js'
import { labSpec } from './specs.js'

let home: string
let paths: LabPaths
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zonelab-tenant-'))
  paths = labPaths('default', { XDG_DATA_HOME: home })
  for (const dir of [paths.tokens, paths.data]) mkdirSync(dir, { recursive: true })
  for (const tenant of ['cp-1', 'cp-2']) {
    for (const file of [`zone-1@${tenant}.zone`, `zone-1@${tenant}.admin`, `${tenant}.default.dataplane`])
      touch(paths.tokens, file)
    for (const suffix of ['', '-wal', '.pid']) touch(paths.data, `zone-1@${tenant}.db${suffix}`)
  }
  touch(paths.data, 'global.db')
})
afterEach(() => rmSync(home, { recursive: true }))

const touch = (dir: string, file: string) => writeFileSync(join(dir, file), '')
const left = () => [...readdirSync(paths.tokens), ...readdirSync(paths.data)].sort()
const spec = labSpec(1, {
  topology: shopTopology({ shards: ['us-1'], tenants: 2, zones: 1, dataplanes: 0, external: [] }),
})
const zone = (tenant: string, state: ComponentView['state']) => ({ name: 'zone-1', tenant, state }) as ComponentView

test('of a control plane that is gone nothing is left, of another everything', () => {
  const components = [zone('cp-1', 'ready'), zone('cp-2', 'stopped')]
  expect(removeTenantFiles(paths, { spec, components }, 'cp-2')).toEqual([])
  expect(left()).toEqual([
    'cp-1.default.dataplane',
    'global.db',
    ...['.admin', '.db', '.db-wal', '.db.pid', '.zone'].map((end) => `zone-1@cp-1${end}`),
  ])
})

test('a zone that runs keeps its database, and is named; its token goes', () => {
  expect(removeTenantFiles(paths, { spec, components: [zone('cp-2', 'ready')] }, 'cp-2')).toEqual(['zone-1'])
  expect(left().filter((name) => name.includes('cp-2'))).toEqual([
    'zone-1@cp-2.admin',
    'zone-1@cp-2.db',
    'zone-1@cp-2.db-wal',
    'zone-1@cp-2.db.pid',
  ])
})
