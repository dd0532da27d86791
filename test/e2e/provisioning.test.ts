import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { buildProgram, componentOf, Home } from './program.js'

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

function rowsOf(database: string, controlPlane: string): number {
  const db = new Database(database, { readonly: true })
  const rows = db.prepare('SELECT count(*) FROM resource WHERE tenant = ?').pluck().get(controlPlane)
  db.close()
  return Number(rows)
}

test('a zone is provisioned, connects, and leaves nothing when its control plane goes', {
  timeout: 180_000,
}, async () => {
  await using home = await Home.make()
  const view = JSON.parse(
    await home.ok(['up', '--auth', 'sat', '--zones', '1', '--dataplanes', '1', '--detach', '-o', 'json']),
  ) as LabView
  expect(view.components.map(({ name }) => name)).toEqual(['platform', 'global', 'zone-1', 'dataplanes/zone-1'])
  const token = componentOf(view, 'zone-1').zoneTokenFile ?? ''
  expect(readFileSync(token, 'utf8')).toMatch(/^spat_/)
  expect(statSync(token).mode & 0o777).toBe(0o600)

  const created = JSON.parse(await home.ok(['tenant', 'create', 'team-a', '-o', 'json'])) as { id: string }
  const printed = await home.ok(['zone', 'provision', 'zone-9', '--tenant', 'team-a', '--for', 'kuma'])
  expect(printed.split('\n').slice(0, 2)).toEqual(['KONNECT_REGION=us', `KONNECT_CP_ID=${created.id}`])
  const provisioned = variables(printed)
  const zone = runZone(home, provisioned)
  try {
    await home.ok(['wait', '--for', 'zone/zone-9=online', '--tenant', 'team-a', '--timeout', '60s'])
    expect(await home.run(['tenant', 'delete', 'team-a'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('zone "zone-9" is still online'),
    })
    expect(await home.ok(['tenant', 'list', '-o', 'wide'])).toMatch(/team-a .*lab .*us-1 \(us\) .*1\/1 online/)
    expect(await home.ok(['get', 'zones', '--tenant', 'team-a', '-o', 'name'])).toBe('zone-9\n')
    expect(await home.ok(['get', 'zones', '--tenant', 'default', '-o', 'name'])).toBe('zone-1\n')
  } finally {
    zone.kill('SIGKILL')
  }
  await home.ok(['wait', '--for', 'zone/zone-9=offline', '--tenant', 'team-a', '--timeout', '60s'])
  await home.ok(['tenant', 'delete', 'team-a'])
  expect(await home.ok(['tenant', 'list', '-o', 'name'])).toBe('default\n')
  const actions = JSON.parse(await home.ok(['logs', 'audit', '-o', 'json'])) as { items: { action: string }[] }
  expect(actions.items.map(({ action }) => action)).toEqual(expect.arrayContaining(['create', 'provision', 'delete']))

  const secret = provisioned.ZONE_TOKEN ?? ''
  expect(secret).toMatch(/^spat_/)
  await home.ok(['down'])
  expect(rowsOf(view.database, created.id)).toBe(0)
  expect(filesThatHold(view.dir, secret)).toEqual([])
  expect(readdirSync(join(view.dir, 'tokens')).filter((name) => name.includes(created.id))).toEqual([])
})

/** Logs, databases, credentials, configuration: the token of a zone that somebody else runs is in none of them. */
function filesThatHold(dir: string, secret: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(secret))
}
