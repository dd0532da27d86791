import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import { splitPassword } from '../../src/store/store-place.js'
import { eventually } from '../integration/kds/control-planes.js'
import { describePostgres } from '../support/postgres.js'
import { buildProgram, componentOf, configurations, Home, without } from './program.js'

/** Files below a directory that hold a text. */
function filesWith(text: string, dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text))
}

function timeoutPolicy(timeout: string): string {
  const database = 'targetRef: { kind: MeshService, labels: { kuma.io/display-name: database } }'
  const rule = `{ ${database}, default: { connectionTimeout: ${timeout} } }`
  return `{ type: MeshTimeout, mesh: default, name: pg, spec: { targetRef: { kind: Mesh }, to: [${rule}] } }`
}

describePostgres('a lab over Postgres', (subject) => {
  beforeAll(buildProgram, 150_000)

  test('runs two globals over one database, and goes on without one of them', { timeout: 180_000 }, async () => {
    await using home = await Home.make()
    const { ownerUrl } = await subject.database({ migrated: false })
    const { url, password = '' } = splitPassword(ownerUrl)
    const flags = ['--db', ownerUrl, '--globals', '2', '--zones', '2', '--dataplanes', '3', '--detach', '-o', 'json']
    const out = await home.ok(['up', ...flags])
    const view = JSON.parse(out) as LabView
    expect(view.components.map(({ name }) => name).slice(0, 4)).toEqual(['global', 'global-2', 'zone-1', 'zone-2'])
    expect(view.database).toBe(url)
    expect(await home.ok(['db', 'migrate', 'status'])).toMatch(/version (\d+) of \1, up to date/)

    // The owner's password is in one file that only the user can read, and the processes have another.
    const files = filesWith(password, home.dir)
    expect(out).not.toContain(password)
    expect(files.map((file) => [file.split('/').at(-1), statSync(file).mode & 0o777])).toEqual([['database', 0o600]])

    await home.ok(['wait', '--for', 'synced', '--timeout', '30s'])
    await home.ok(['apply', '-f', '-', '--wait'], timeoutPolicy('4.321s'))
    expect(without(await configurations(view, 'backend'), '"4.321s"')).toEqual([])

    await home.ok(['kill', 'global-2'])
    await home.ok(['apply', '-f', '-'], timeoutPolicy('5.432s'))
    await eventually('every zone has found the other global', async () => {
      const late = without(await configurations(view, 'backend'), '"5.432s"')
      return late.length === 0 ? true : undefined
    })
    await home.ok(['start', 'global-2'])
    await home.ok(['wait', '--for', 'synced', '--timeout', '30s'])
    expect(componentOf(view, 'global-2').endpoints.api).not.toBe(componentOf(view, 'global').endpoints.api)

    await home.ok(['down'])
    const again = JSON.parse(await home.ok(['up', '--detach', '-o', 'json'])) as LabView
    expect(without(await configurations(again, 'backend'), '"5.432s"')).toEqual([])
  })

  test('gives each shard a database, which its instances share', { timeout: 180_000 }, async () => {
    await using home = await Home.make()
    const { superUrl, ownerUrl, appRole } = await subject.database({ migrated: false })
    const database = appRole.replace(/_app$/, '')
    await subject.run(`ALTER ROLE ${database}_owner CREATEDB`)
    const flags = ['--shards', 'us-1,eu-1', '--globals', '2', '--tenants', '2', '--dataplanes', '0', '--db', ownerUrl]
    const view = JSON.parse(await home.ok(['up', '--auth', 'sat', ...flags, '--detach', '-o', 'json'])) as LabView
    const status = await home.ok(['db', 'migrate', 'status'])
    expect(status).toMatch(new RegExp(`/${database}: .*, up to date\\n.*/${database}_eu_1: .*, up to date\\n$`))

    await home.ok(['wait', '--for', 'synced', '--timeout', '60s'])
    const held = (url: string) => subject.run("SELECT id FROM zonelab.control_plane WHERE id <> 'default'", url)
    const { 'cp-1': first, 'cp-2': second } = view.controlPlanes
    expect(await held(superUrl)).toEqual([{ id: first?.id }])
    expect(await held(superUrl.replace(`/${database}`, `/${database}_eu_1`))).toEqual([{ id: second?.id }])

    await home.ok(['kill', 'global/eu-1'])
    await home.ok(['apply', '-f', '-', '--tenant', 'cp-2'], timeoutPolicy('6.543s'))
    await home.ok(['start', 'global/eu-1'])
    await home.ok(['wait', '--for', 'synced=mt/pg', '--tenant', 'cp-2', '--timeout', '60s'])
    expect((await home.run(['get', 'meshtimeouts', 'pg', '--tenant', 'cp-1'])).code).toBe(1)
  })
})
