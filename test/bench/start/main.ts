import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { systemTime } from '../open-loop.js'
import { type Report, runBench } from '../report.js'
import { quantile } from '../statistics.js'

/** From the command to a lab whose sidecars are all in sync, each part of it a process; and what `down` leaves of it. */
const ZONES = 3
const DATAPLANES = 10
const RUNS = 7
/** On a busy machine fewer are taken. */
const RUNS_WITHIN_MS = 70_000
const RUNS_MIN = 3

/** As users get it. */
const PROGRAM = resolve('dist/cli/main.js')
const LAB = ['--lab', 'bench']
const execute = promisify(execFile)

await runBench(async () => {
  const home = mkdtempSync(join(tmpdir(), 'zonelab-bench-'))
  try {
    // The first run compiles what the others find compiled, as the first after an installation does.
    const first = await upAndDown(home)
    const runs: Run[] = []
    const endMs = systemTime.nowMs() + RUNS_WITHIN_MS
    while (runs.length < RUNS && (runs.length < RUNS_MIN || systemTime.nowMs() < endMs))
      runs.push(await upAndDown(home))
    return report(first, runs)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

interface Run {
  readonly readySeconds: number
  readonly downSeconds: number
  /** Processes and files that are there after the end. */
  readonly left: number
}

async function upAndDown(home: string): Promise<Run> {
  const env = { PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: join(home, 'data'), TMPDIR: home }
  const counts = ['--zones', String(ZONES), '--dataplanes', String(DATAPLANES)]
  const startMs = systemTime.nowMs()
  const up = spawn(process.execPath, [PROGRAM, 'up', ...LAB, ...counts, '--output', 'json'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(up, 'exit')
  try {
    // The view is printed when every zone and sidecar is in sync.
    await Promise.race([once(up.stdout, 'data'), ended.then(() => Promise.reject(new Error('the lab did not start')))])
    const readySeconds = (systemTime.nowMs() - startMs) / 1e3
    const folder = join(env.XDG_DATA_HOME, 'zonelab', 'labs', 'bench')
    const { children } = JSON.parse(readFileSync(join(folder, 'lab.json'), 'utf8')) as { children: { pid: number }[] }
    const stopMs = systemTime.nowMs()
    await execute(process.execPath, [PROGRAM, 'down', '--purge', ...LAB], { env })
    await ended
    const downSeconds = (systemTime.nowMs() - stopMs) / 1e3
    const left = children.filter(({ pid }) => isThere(pid)).length + (existsSync(folder) ? 1 : 0)
    return { readySeconds, downSeconds, left }
  } finally {
    up.kill()
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function report(first: Run, runs: readonly Run[]): Report {
  const ready = runs.map(({ readySeconds }) => readySeconds)
  return {
    bars: [
      {
        what: `s until ${ZONES} zones × ${DATAPLANES} sidecars are in sync: median, least and most of ${runs.length} starts`,
        value: { median: quantile(ready, 0.5), low: quantile(ready, 0), high: quantile(ready, 1) },
        atMost: 3,
      },
      {
        what: 'processes and folders left by `down --purge`',
        value: Math.max(...[first, ...runs].map(({ left }) => left)),
        atMost: 0,
      },
    ],
    figures: {
      's until in sync, the very first start': first.readySeconds,
      's until `down` is over': quantile(
        runs.map(({ downSeconds }) => downSeconds),
        0.5,
      ),
    },
  }
}
