import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { describePostgres } from '../support/postgres.js'
import { alive, buildProgram, componentOf, Home } from './program.js'

/** From nothing to a provisioned zone in one tenant, in five commands, with real processes; and back to nothing. */

beforeAll(buildProgram, 150_000)

/** `NAME=value` lines, as `env $(…)` takes them. */
function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s) as [string, string]),
  )
}

/** `zonelab zone run` on free ports, with nothing but what provisioning printed. */
function runZone(home: Home, provisioned: Record<string, string>): ChildProcess {
  const ports = ['api-http', 'api-https', 'diagnostics', 'dp-server', 'bootstrap'].flatMap((name) => [
    `--${name}-port`,
    '0',
  ])
  return spawn(process.execPath, [resolve('dist/cli/main.js'), 'zone', 'run', ...ports], {
    env: { ...home.env, ...provisioned },
    stdio: 'ignore',
  })
}

/** Rows of every table that name it, by table. The audit is not asked: that somebody was there is what it is for. */
type RowsThatName = (text: string, view: LabView) => Promise<Readonly<Record<string, number>>>

const inFiles: RowsThatName = async (text, view) => {
  const rows: Record<string, number> = {}
  for (const name of ['global.db', 'platform.db']) {
    const db = new Database(join(view.dir, 'data', name), { readonly: true })
    const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
    for (const table of tables.filter((candidate) => candidate !== 'journal')) {
      const all = db.prepare(`SELECT * FROM ${table}`).all()
      rows[`${name} ${table}`] = all.filter((row) => JSON.stringify(row).includes(text)).length
    }
    db.close()
  }
  return rows
}

/** From nothing to a zone and back, over that database. */
async function story(home: Home, flags: readonly string[], rowsThatName: RowsThatName): Promise<void> {
  const shape = ['--auth', 'sat', '--tenants', '2', '--zones', '1', '--dataplanes', '1', '--detach', '-o', 'json']
  const view = JSON.parse(await home.ok(['up', ...shape, ...flags])) as LabView
  const names = view.components.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['platform', 'global', 'zone-1', 'dataplanes/zone-1']))
  expect(componentOf(view, 'platform').endpoints.api).toMatch(/^https:/)
  const token = componentOf(view, 'zone-1').zoneTokenFile ?? ''
  expect(readFileSync(token, 'utf8')).toMatch(/^spat_/)
  expect(statSync(token).mode & 0o777).toBe(0o600)

  const created = JSON.parse(await home.ok(['tenant', 'create', 'team-a', '-o', 'json'])) as { id: string }
  const printed = await home.ok(['zone', 'provision', 'zone-9', '--tenant', 'team-a', '--for', 'kuma'])
  expect(printed.split('\n').slice(0, 2)).toEqual(['KONNECT_REGION=us', `KONNECT_CP_ID=${created.id}`])
  const provisioned = variables(printed)
  const secret = provisioned.ZONE_TOKEN ?? ''
  expect(secret).toMatch(/^spat_/)
  const digest = createHash('sha256').update(secret).digest('hex')
  const zone = runZone(home, provisioned)
  try {
    await home.ok(['wait', '--for', 'zone/zone-9=online', '--tenant', 'team-a', '--timeout', '60s'])
    expect(await home.run(['tenant', 'delete', 'team-a'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('zone "zone-9" is still online'),
    })
    expect(await home.ok(['tenant', 'list', '-o', 'wide'])).toMatch(/team-a .*lab .*us-1 \(us\) .*1\/1 online/)
    expect(await home.ok(['get', 'zones', '--tenant', 'team-a', '-o', 'name'])).toBe('zone-9\n')
    expect(await home.ok(['get', 'zones', '--tenant', 'cp-1', '-o', 'name'])).toBe('zone-1\n')
  } finally {
    zone.kill('SIGKILL')
  }
  await home.ok(['wait', '--for', 'zone/zone-9=offline', '--tenant', 'team-a', '--timeout', '60s'])
  await home.ok(['tenant', 'delete', 'team-a'])
  const own = await deleteOwn(home, view)
  expect(await home.ok(['tenant', 'list', '-o', 'name'])).toBe('cp-1\n')
  const actions = JSON.parse(await home.ok(['logs', 'audit', '-o', 'json'])) as { items: { action: string }[] }
  expect(actions.items.map(({ action }) => action)).toEqual(expect.arrayContaining(['create', 'provision', 'delete']))
  const ofOne = await home.ok(['logs', 'audit', '--tenant', 'cp-1'])
  expect([ofOne.includes('control-plane cp-1'), ofOne.includes('team-a')]).toEqual([true, false])

  await home.ok(['down'])
  for (const text of [created.id, digest, ...own.secrets, CANARY]) {
    const held = Object.entries(await rowsThatName(text, view)).filter(([, rows]) => rows > 0)
    expect([text, held]).toEqual([text, []])
  }
  const kept = view.controlPlanes['cp-1']
  expect(Object.values(await rowsThatName(kept?.id ?? '', view)), 'the search finds what is there').toContain(1)
  // The token of a zone that somebody else runs never was in any file.
  for (const text of [secret, ...own.secrets, CANARY]) expect(filesThatHold(view.dir, text)).toEqual([])
  // What platform and global have logged tells, as the audit does, that there was one.
  const told = [join(view.dir, 'logs', 'global.log'), join(view.dir, 'logs', 'platform.log')]
  const named = filesThatHold(view.dir, own.id).filter((path) => !told.includes(path.replace(/global-2/, 'global')))
  expect([...named, ...filesNamed(view.dir, /cp-2/), ...filesNamed(view.dir, new RegExp(created.id))]).toEqual([])
}

const CANARY = 'canary-of-cp-2'

/** Deletes a control plane whose zone and sidecars the lab runs; what it had that nobody may find again. */
async function deleteOwn(home: Home, view: LabView): Promise<{ readonly id: string; readonly secrets: string[] }> {
  const id = view.controlPlanes['cp-2']?.id ?? ''
  const components = view.components.filter(({ tenant }) => tenant === 'cp-2')
  const zone = components.find(({ kind }) => kind === 'zone')
  const secrets = [readFileSync(zone?.zoneTokenFile ?? '', 'utf8').trim()]
  const data = Buffer.from(CANARY).toString('base64')
  const resources = `{ type: Mesh, name: ${CANARY} }
---
{ type: Secret, mesh: default, name: ${CANARY}, data: ${data} }`
  await home.ok(['apply', '-f', '-', '--tenant', 'cp-2', '--wait'], resources)
  expect(filesNamed(view.dir, /cp-2/).length, 'the search finds what is there').toBeGreaterThan(5)

  const refused = await home.run(['tenant', 'delete', 'cp-2'])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('zone "zone-1" is still online') })
  expect(components.map(({ pid = 0 }) => alive(pid))).toEqual([true, true])
  const forced = await home.run(['tenant', 'delete', 'cp-2', '--force'])
  expect(forced).toMatchObject({ code: 0, stderr: expect.stringContaining('gone from the lab') })
  expect(components.map(({ pid = 0 }) => alive(pid))).toEqual([false, false])
  for (const name of ['global', 'platform']) {
    const { endpoints } = componentOf(view, name)
    const authorization = `Bearer ${readFileSync(view.diagnosticsTokenFile, 'utf8').trim()}`
    for (const path of ['status', 'metrics']) {
      const answer = await fetch(`${endpoints.diagnostics}/${path}`, { headers: { authorization } })
      expect(await answer.text(), `${path} of ${name}`).not.toContain(id)
    }
  }
  // Everybody else goes on.
  await home.ok(['wait', '--for', 'synced', '--timeout', '60s'])
  return {
    id,
    secrets: [...secrets, ...secrets.map((token) => createHash('sha256').update(token).digest('hex')), data],
  }
}

test('a zone is provisioned, connects, and leaves nothing when its control plane goes', {
  timeout: 180_000,
}, async () => {
  await using home = await Home.make()
  await story(home, [], inFiles)
})

describePostgres('with the manager and two instances of the global over Postgres', (subject) => {
  test('it goes the same way', { timeout: 180_000 }, async () => {
    await using home = await Home.make()
    const { ownerUrl, superUrl } = await subject.database({ migrated: false })
    await story(home, ['--db', ownerUrl, '--globals', '2'], async (text) => {
      const rows: Record<string, number> = {}
      const tables = await subject.run("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'zonelab'", superUrl)
      for (const { name } of tables.filter((table) => table.name !== 'journal')) {
        const held = await subject.run(`SELECT FROM zonelab.${name} AS r WHERE r::text LIKE '%${text}%'`, superUrl)
        rows[String(name)] = held.length
      }
      return rows
    })
  })
})

const filesOf = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const filesNamed = (dir: string, name: RegExp) => filesOf(dir).filter((path) => name.test(path))

/** Logs, credentials, configuration. Databases are asked for their rows: what a page holds that no row has is the database's. */
function filesThatHold(dir: string, text: string): string[] {
  return filesOf(dir).filter((path) => !/\.db(?:-wal|-shm)?$/.test(path) && readFileSync(path).includes(text))
}
