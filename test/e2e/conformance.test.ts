import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labController } from '../../src/cli/conformance/lab-controller.js'
import { CASES } from '../../src/conformance/cases/catalogue.js'
import { ControlPlanes, type RunningGlobal } from '../integration/kds/control-planes.js'
import { buildProgram, type Ended, Home } from './program.js'

const WITHIN_MS = 180_000

describe('a global with authentication off', () => {
  const planes = new ControlPlanes()
  let home: Home
  let global: RunningGlobal
  let run: Ended

  beforeAll(async () => {
    await buildProgram()
    home = await Home.make()
    global = await planes.global({ kdsAuth: 'none' })
    const api = `http://127.0.0.1:${global.endpoints.apiHttp}`
    const report = join(home.dir, 'report')
    run = await home.run(['conformance', 'run', '--target', global.address, '--api', api, '--report', report])
  }, WITHIN_MS)

  afterAll(async () => {
    await home[Symbol.asyncDispose]()
    await planes.close()
  })

  const written = (name: string) => readFileSync(join(home.dir, 'report', name), 'utf8')

  test('has no authentication, which is exit 10', () => {
    expect(run.stdout).toMatch(/^NO AUTHENTICATION: a call without any credential was served\n/)
    expect(run.code).toBe(10)
  })

  test('no form of the report shows it as a pass', () => {
    expect(written('junit.xml')).toContain('<failure type="no authentication"')
    expect(written('report.tap')).toMatch(/not ok 1 - the target is conformant/)
    expect(written('report.html')).toContain('<p class="verdict bad">')
    expect(written('report.md')).toMatch(/^## Conformance: ❌ no authentication\n/)
    expect(written('report.yaml')).toContain('result: failure')
    expect(JSON.parse(written('report.sarif'))).toMatchObject({
      runs: [{ results: [{ ruleId: 'verdict', level: 'error' }] }],
    })
  })

  test('the run can be told again from its result file, and compared', async () => {
    const result = join(home.dir, 'report', 'result.json')
    expect(await home.ok(['report', 'show', result, '-o', 'md'])).toBe(written('report.md'))
    expect(await home.ok(['report', 'compare', result, result])).toContain('every case stands where it stood')
  })

  test('it left nothing on the target', async () => {
    expect(await global.api.names('/zones')).toEqual([])
  })
})

test('a list that is longer than a pipe holds comes out whole', { timeout: WITHIN_MS }, async () => {
  await buildProgram()
  await using home = await Home.make()
  const { items } = JSON.parse(await home.ok(['conformance', 'list', '-o', 'json'])) as { items: { id: string }[] }
  expect(items.map(({ id }) => id)).toEqual(CASES.map(({ id }) => id))
})

describe('our own global', () => {
  test('is conformant by our own answers, with no row left out, and no report holds a signature', {
    timeout: 2 * WITHIN_MS,
  }, async () => {
    await buildProgram()
    await using home = await Home.make()
    const file = join(home.dir, 'result.json')
    const { code, stdout } = await home.run(['conformance', 'run', '--strict', '--report', `json=${file}`])
    expect(stdout).toMatch(/^CONFORMANT: every MUST row that applies was run and passed\n/)
    expect(stdout).toMatch(/\nNot run +0\n/)
    expect(code).toBe(0)
    // A signature of 2,048 bits has 342 letters; nothing of that length is shown of anything.
    expect(readFileSync(file, 'utf8')).not.toMatch(/[\w-]{342}/)
  })
})

describe('a global with a platform', () => {
  const cases = ['ZT-165', 'ZT-166', 'ZT-178', 'ZT-184'].flatMap((id) => ['--case', id])
  const profiles = ['--profile', 'konnect-sat', '--profile', 'kds-multitenant']

  test('is judged with the tokens of two organisations, and left as it was', { timeout: 2 * WITHIN_MS }, async () => {
    await buildProgram()
    await using home = await Home.make()
    const instance = await labController.start({ auth: 'sat' })
    if (instance.kind === 'refused') throw new Error(instance.text)
    const { address, trust, platform } = instance.endpoint
    const file = (name: string, text = '') => {
      writeFileSync(join(home.dir, name), text, { mode: 0o600 })
      return join(home.dir, name)
    }
    const ca = file('ca.crt', trust.kind === 'ca' ? trust.caPem : '')
    const target = ['--target', address, '--ca', ca, '--platform-ca', ca]
    const users = [
      ...['--platform', platform?.url ?? '', '--user-token-file', file('admin', platform?.userToken)],
      ...['--other-user-token-file', file('other', platform?.otherUserToken)],
    ]
    const all = await home.run(['conformance', 'run', ...target, ...users, ...profiles, ...cases, '--strict'])
    expect(all.stdout).toMatch(/Run +4: 4 passed, 0 failed, 0 inconclusive/)
    expect(all.stdout).not.toContain('left behind')
    const one = await home.run(['conformance', 'run', ...target, ...users.slice(0, 4), ...profiles, ...cases])
    expect(one.stdout).toContain('needs platform (another organisation)')
    const mixed = await home.run(['conformance', 'run', ...target, ...users, '--profile', 'zone-jwt'])
    expect(mixed.code).toBe(2)
    expect(mixed.stderr).toContain('--platform is for --profile konnect-sat and kds-multitenant')
    await instance.stop()
  })
})

describe('a lab with two control planes that takes access tokens', () => {
  test('is judged by its name alone, at each of its doors', { timeout: 2 * WITHIN_MS }, async () => {
    await buildProgram()
    await using home = await Home.make()
    const lab = ['up', '--auth', 'sat', '--tenants', '2', '--zones', '1', '--dataplanes', '0', '--detach']
    await home.ok(lab)
    const judged = async (profiles: readonly string[], cases: readonly string[]) => {
      const selected = [...profiles.map((one) => ['--profile', one]), ...cases.map((one) => ['--case', one])].flat()
      const { stdout } = await home.run(['conformance', 'run', '--lab', 'default', '--strict', ...selected])
      return stdout.match(/^Run +(.*)$/m)?.[1]
    }
    const passed = (count: number) => `${count}: ${count} passed, 0 failed, 0 inconclusive`
    const tenants = ['ZT-160', 'ZT-166', 'ZT-174', 'ZT-194']
    expect(await judged(['konnect-sat', 'kds-multitenant'], tenants)).toBe(passed(4))
    expect(await judged(['dataplane-token'], ['ZT-030', 'ZT-202'])).toBe(passed(2))
    expect(await judged(['user-token'], ['ZT-030', 'ZT-204'])).toBe(passed(2))
    expect(await judged(['zone-jwt'], ['ZT-030', 'ZT-157'])).toBe(passed(2))
  })
})

describe('our own zone', () => {
  beforeAll(buildProgram, WITHIN_MS)

  test('is conformant when the suite is its global, with no row left out, and every report says so', {
    timeout: 2 * WITHIN_MS,
  }, async () => {
    await using home = await Home.make()
    const folder = join(home.dir, 'report')
    const args = ['conformance', 'run', '--profile', 'zone-client', '--strict', '--report', folder]
    const { code, stdout } = await home.run(args)
    expect(stdout).toMatch(/^CONFORMANT: every MUST row that applies was run and passed\n/)
    expect(stdout).toMatch(/\nCertificate +none: it dials\n/)
    expect(stdout).toMatch(/\nNot run +0\n/)
    expect(code).toBe(0)
    const reports = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
    expect(reports.length).toBeGreaterThan(7)
    expect(reports.filter(({ text }) => !text.includes('zone-client') || /[\w-]{342}/.test(text))).toEqual([])
  })

  test('is not dialled: a target is refused by name', async () => {
    await using home = await Home.make()
    const run = await home.run(['conformance', 'run', '--profile', 'zone-client', '--target', '127.0.0.1:1'])
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('--controller FILE')
  })
})
