import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { assignPorts } from '../../../src/lab/assign-ports.js'
import type { Settings } from '../../../src/lab/child-messages.js'
import type { ProcessGroup } from '../../../src/lab/components.js'
import type { LabSpec } from '../../../src/lab/lab-spec.js'
import { readLabState } from '../../../src/lab/lab-state.js'
import { labPaths } from '../../../src/lab/paths.js'
import type { Runner, RunnerState } from '../../../src/lab/runner.js'
import { Supervisor } from '../../../src/lab/supervisor.js'
import { FakeClock } from '../../support/fake-clock.js'
import { labSpec } from './specs.js'

/** A supervisor over runners that only note what they are told. */

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zonelab-supervisor-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

class NotingRunner implements Runner {
  state: RunnerState = { kind: 'stopped' }
  settings: readonly Settings[] = []
  readonly #name: string
  readonly #notes: string[]
  readonly #onChange: (state: RunnerState) => void
  fails = false

  constructor(name: string, notes: string[], onChange: (state: RunnerState) => void) {
    this.#name = name
    this.#notes = notes
    this.#onChange = onChange
  }

  load(): void {
    this.#become('load', { kind: 'loaded', id: undefined })
  }

  async start(_title: string, members: readonly Settings[]): Promise<void> {
    this.settings = members
    if (this.fails) throw new AppError('port-taken', `${this.#name}: no port`)
    this.#become('start', { kind: 'ready', id: undefined, sinceMs: 0, paused: false })
  }

  async endMembers(members: readonly number[]): Promise<void> {
    this.#notes.push(`end ${members} of ${this.#name}`)
  }

  async stop(): Promise<void> {
    this.#become('stop', { kind: 'stopped' })
  }

  async kill(): Promise<void> {
    this.#become('kill', { kind: 'died', how: 'was ended by SIGKILL', atMs: 0 })
  }

  pause(): void {
    this.#become('pause', { kind: 'ready', id: undefined, sinceMs: 0, paused: true })
  }

  resume(): void {
    this.#become('resume', { kind: 'ready', id: undefined, sinceMs: 0, paused: false })
  }

  #become(note: string, state: RunnerState): void {
    this.#notes.push(`${note} ${this.#name}`)
    this.state = state
    this.#onChange(state)
  }
}

async function supervise(spec: LabSpec) {
  const notes: string[] = []
  const runners = new Map<string, NotingRunner>()
  const { ports } = await assignPorts(home, spec, {}, [], async () => true)
  const paths = labPaths('test', { XDG_DATA_HOME: home })
  const supervisor = new Supervisor({
    paths,
    spec,
    ports,
    notices: [],
    clock: new FakeClock(),
    cores: 2,
    onChange: () => {},
    makeRunner: ({ name }: ProcessGroup, onChange) => {
      const runner = new NotingRunner(name, notes, onChange)
      runners.set(name, runner)
      return runner
    },
  })
  return { supervisor, notes, runners, paths }
}

/** Over a foreign global without authentication nothing has to be asked of anyone. */
const FOREIGN = { kind: 'foreign', address: 'grpc://127.0.0.1:9', caFile: undefined, zoneTokenDir: undefined } as const

test('everything loads at once; zones start before their sidecars, and end after them', async () => {
  const { supervisor, notes } = await supervise(labSpec(1, { global: FOREIGN }))
  supervisor.prepare()
  await supervisor.startAll(() => notes.push('step'))
  await supervisor.stopAll()
  expect(notes).toEqual([
    'load zone-1',
    'load dataplanes/zone-1',
    'step',
    'step',
    'start zone-1',
    'step',
    'start dataplanes/zone-1',
    'step',
    'stop dataplanes/zone-1',
    'stop zone-1',
  ])
})

test('settings name the ports, files and addresses of their peers, and no credential is in the state file', async () => {
  const { supervisor, runners, paths } = await supervise(labSpec(1, { global: FOREIGN }))
  supervisor.prepare()
  await supervisor.startAll(() => {})
  const [zone] = runners.get('zone-1')?.settings ?? []
  const [fleet] = runners.get('dataplanes/zone-1')?.settings ?? []
  expect(zone).toMatchObject({ zoneName: 'zone-1', globalAddress: 'grpc://127.0.0.1:9', localhostIsAdmin: false })
  expect(fleet).toMatchObject({ zoneName: 'zone-1', cpAddress: `https://127.0.0.1:${zone?.dpServerPort}` })
  expect(readFileSync(paths.stateFile, 'utf8')).not.toContain(String(zone?.diagnosticsToken))
  for (const file of [paths.stateFile, paths.keyFile, supervisor.view().diagnosticsTokenFile]) {
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
})

test('a component is stopped, killed, paused and started again by its name', async () => {
  const { supervisor, notes } = await supervise(labSpec(1, { global: FOREIGN }))
  supervisor.prepare()
  await supervisor.startAll(() => {})
  notes.length = 0
  for (const action of ['pause', 'resume', 'kill', 'start', 'restart', 'stop'] as const) {
    await supervisor.act(action, 'zone-1', undefined)
  }
  expect(notes).toEqual(['pause', 'resume', 'kill', 'start', 'stop', 'start', 'stop'].map((note) => `${note} zone-1`))
  expect(supervisor.view().components.map(({ name, state }) => [name, state])).toEqual([
    ['zone-1', 'stopped'],
    ['dataplanes/zone-1', 'ready'],
  ])
})

test('what cannot be acted on alone is refused with the reason', async () => {
  const packed = (await supervise(labSpec(17, { global: FOREIGN }))).supervisor
  await expect(packed.act('kill', 'zone-3', undefined)).rejects.toThrow(
    'zone-3 shares the process zones-1 with 8 others; start the lab with --isolate to kill it alone',
  )
  const external = (await supervise(labSpec(1, { global: FOREIGN }, ['zone-1']))).supervisor
  await expect(external.act('start', 'zone-1', undefined)).rejects.toThrow('zone-1 is external')
  await expect(external.act('kill', 'dp/zone-1/frontend-1', undefined)).rejects.toThrow('dataplanes/zone-1')
})

test('a lab that is being stopped starts nothing more', async () => {
  const { supervisor } = await supervise(labSpec(1, { global: FOREIGN }))
  supervisor.prepare()
  await supervisor.stopAll()
  await expect(supervisor.startAll(() => {})).rejects.toMatchObject({ code: 'cancelled' })
})

test('the failure of one process is what the start fails with', async () => {
  const { supervisor, runners } = await supervise(labSpec(2, { global: FOREIGN }))
  const second = runners.get('zone-2')
  if (second) second.fails = true
  supervisor.prepare()
  await expect(supervisor.startAll(() => {})).rejects.toMatchObject({ code: 'port-taken', message: 'zone-2: no port' })
})

test('the state names the supervisor while the lab runs, and nobody after it was stopped', async () => {
  const { supervisor, paths } = await supervise(labSpec(1, { global: FOREIGN }))
  supervisor.prepare()
  expect(readLabState(paths)?.supervisor?.pid).toBe(process.pid)
  await supervisor.stopAll()
  expect(readLabState(paths)?.supervisor).toBeUndefined()
})

test('a component that was killed has died, and one that does not run cannot be killed', async () => {
  const { supervisor } = await supervise(labSpec(1, { global: FOREIGN }))
  supervisor.prepare()
  await supervisor.startAll(() => {})
  await supervisor.act('kill', 'zone-1', undefined)
  expect(supervisor.view().components[0]).toMatchObject({ state: 'died', detail: 'was ended by SIGKILL' })
  await expect(supervisor.act('kill', 'zone-1', undefined)).rejects.toThrow('cannot kill zone-1: it is not running')
})

test('a lab whose state cannot be written goes on and says so, until a later change is written', async () => {
  const { supervisor, paths } = await supervise(labSpec(1, { global: FOREIGN }))
  supervisor.prepare()
  rmSync(paths.stateFile)
  mkdirSync(paths.stateFile)
  await supervisor.startAll(() => {})
  await supervisor.act('stop', 'zone-1', undefined)
  expect(supervisor.view().notices).toEqual([expect.stringContaining("the lab's state is not kept")])
  rmdirSync(paths.stateFile)
  await supervisor.act('start', 'zone-1', undefined)
  expect(supervisor.view().notices).toEqual([])
  expect(readLabState(paths)?.supervisor?.pid).toBe(process.pid)
})

test('of a control plane that was deleted nothing runs on, and who shares a process with it does', async () => {
  const two = (zones: number) => {
    const { topology, ...spec } = labSpec(zones, { global: FOREIGN })
    return { ...spec, topology: { ...topology, tenants: ['cp-1', 'cp-2'] } }
  }
  const { supervisor, notes } = await supervise(two(1))
  supervisor.prepare()
  await supervisor.startAll(() => {})
  notes.length = 0
  await supervisor.forget('cp-2')
  expect(notes).toEqual(['stop dataplanes/zone-1@cp-2', 'stop zone-1@cp-2'])
  const names = supervisor.view().components.map(({ name, tenant }) => `${name} of ${tenant}`)
  expect(names).toEqual(['zone-1 of cp-1', 'dataplanes/zone-1 of cp-1'])
  await expect(supervisor.act('start', 'zone-1', 'cp-2')).rejects.toThrow('there is no component')

  const { supervisor: packed, notes: ofPacked } = await supervise(two(9))
  packed.prepare()
  await packed.startAll(() => {})
  ofPacked.length = 0
  await packed.forget('cp-2')
  const sidecarsFirst = ['dataplanes-1', 'dataplanes-2', 'zones-1', 'zones-2']
  const positions = ['5,6,7,8', '4,5,6,7,8', '5,6,7,8', '4,5,6,7,8']
  expect(ofPacked).toEqual(sidecarsFirst.map((name, index) => `end ${positions[index]} of ${name}`))
  expect(new Set(packed.view().components.map(({ tenant }) => tenant))).not.toContain('cp-2')
})
