import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LabPaths, labPaths } from '../../../src/lab/paths.js'
import { shopTopology } from '../../../src/lab/shop.js'
import { removeTenantFiles, removeTenantState } from '../../../src/lab/tenant-files.js'
import { labSpec } from './specs.js'

let home: string
let paths: LabPaths
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zonelab-tenant-'))
  paths = labPaths('default', { XDG_DATA_HOME: home })
  for (const dir of folders()) mkdirSync(dir, { recursive: true })
  for (const tenant of ['cp-1', 'cp-2']) {
    for (const file of [`zone-1@${tenant}.zone`, `zone-1@${tenant}.admin`, `${tenant}.default.dataplane`])
      touch(paths.tokens, file)
    for (const suffix of ['', '-wal', '.pid']) touch(paths.data, `zone-1@${tenant}.db${suffix}`)
    touch(paths.config, `dataplanes.zone-1@${tenant}.json`)
    for (const component of ['zone-1', 'dataplanes.zone-1']) touch(paths.logs, `${component}@${tenant}.log`)
  }
  touch(paths.data, 'global.db')
})
afterEach(() => rmSync(home, { recursive: true }))

const touch = (dir: string, file: string) => writeFileSync(join(dir, file), '')
const folders = () => [paths.tokens, paths.data, paths.config, paths.logs]
const left = () =>
  folders()
    .flatMap((dir) => readdirSync(dir))
    .sort()
const spec = labSpec(1, {
  topology: shopTopology({ shards: ['us-1'], tenants: 2, zones: 1, dataplanes: 1, external: [] }),
})
const all = ['cp-1', 'cp-2'].map((tenant) => [
  ...['.admin', '.db', '.db-wal', '.db.pid', '.log', '.zone'].map((end) => `zone-1@${tenant}${end}`),
  `${tenant}.default.dataplane`,
  `dataplanes.zone-1@${tenant}.json`,
  `dataplanes.zone-1@${tenant}.log`,
])

test('of a control plane that is gone nothing is left, of another everything', () => {
  expect(left()).toEqual([...all.flat(), 'global.db'].sort())
  removeTenantFiles(paths, spec, 'cp-2')
  expect(left()).toEqual([...(all[0] ?? []), 'global.db'].sort())
})

test('before its processes start, what an earlier one of its name has left goes, and not what they have open', () => {
  removeTenantState(paths, spec, 'cp-2')
  expect(left().filter((name) => name.includes('cp-2'))).toEqual([
    'dataplanes.zone-1@cp-2.json',
    'dataplanes.zone-1@cp-2.log',
    'zone-1@cp-2.log',
  ])
})
