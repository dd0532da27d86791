import { fork } from 'node:child_process'
import { compileBenches } from './build.js'
import { machine } from './machine.js'
import { type BenchResult, jsonLine, type Report, summary, table } from './report.js'

/** What users wait for first: what the time of a run does not reach is named. Each runs in a process of its own. */
const BENCHES = [
  'auth',
  'start',
  'propagation',
  'last-ack',
  'fan-out',
  'laws',
  'zone-law',
  'herd',
  'slow-peer',
  'idle',
  'idle-tenants',
  'memory',
  'store',
  'postgres',
  'tenants',
] as const
const BENCH_WITHIN_MS = 180_000
/** All of them take eleven to thirteen minutes on two cores that do nothing else. */
const ALL_WITHIN_MS = 14.5 * 60_000

/** `npm run bench [-- NAME[=ZONESxSIDECARS]…]`: one line of JSON per bench on standard output; summaries and one table for people on standard error. */
const asked = new Map(process.argv.slice(2).map((word) => [word.split('=')[0] ?? '', word.split('=').slice(1)]))
const unknown = [...asked.keys()].filter((name) => !BENCHES.some((bench) => bench === name))
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')}; there are ${BENCHES.join(', ')}`)
  process.exit(2)
}
const folder = compileBenches()
const results: BenchResult[] = []
const endMs = performance.now() + ALL_WITHIN_MS
for (const bench of BENCHES.filter((bench) => asked.size === 0 || asked.has(bench))) {
  const on = machine()
  try {
    const report = await run(bench)
    console.log(jsonLine(bench, report, on))
    console.error(summary(bench, report))
    results.push({ bench, report })
  } catch (thrown) {
    console.error(`${bench}: ${thrown instanceof Error ? thrown.message : thrown}`)
    process.exitCode = 1
  }
}
console.error(`\n${table(results)}`)

function run(bench: string): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(`${folder}/${bench}/main.js`, asked.get(bench) ?? [], {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
    })
    const withinMs = Math.min(BENCH_WITHIN_MS, endMs - performance.now())
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`not done within ${Math.max(0, Math.round(withinMs / 1_000))} s`))
    }, withinMs)
    child.on('message', (report: Report) => resolve(report))
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`ended without a report (${code ?? signal})`))
    })
  })
}
