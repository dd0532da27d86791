import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LoadComparison } from '../../src/load/compare.js'
import { readLoadResult } from '../../src/load/load-result.js'
import { buildProgram, Home } from '../e2e/program.js'
import { describeWith } from './support/peers.js'
import { World } from './support/world.js'

/** Small enough that the generator is not the bottleneck on any machine, long enough that Kuma's flushes show. */
const SCENARIO = `kind: Scenario
name: beside
topology: { zones: 5, dataplanes: 2, resume: false }
ramp: { zones: 10/s, hold: 1s }
load: { writes: 5/s, duration: 8s, warmup: 2s, resources: 5 }
quietTail: 4s
`
const WITHIN_MS = 180_000
/** Held, or not judged because this machine was too busy for the generator. */
const CODES = [0, 11]

describeWith(['KUMA_CP'], 'one scenario against a real kuma-cp global and against ours', () => {
  const world = new World()
  let home: Home
  beforeAll(async () => {
    await buildProgram()
    home = await Home.make()
    writeFileSync(join(home.dir, 'beside.yaml'), SCENARIO)
  }, WITHIN_MS)
  afterAll(async () => {
    await home[Symbol.asyncDispose]()
    await world.stop()
  })

  async function measure(
    name: string,
    at: { readonly kds: number; readonly api: string; readonly diagnostics: string },
  ) {
    const out = join(home.dir, name)
    const target = ['--target', `grpc://127.0.0.1:${at.kds}`, '--api', at.api]
    const flags = [...target, '--scrape', `${at.diagnostics}/metrics`, '--report', out]
    const ended = await home.run(['load', 'run', '-f', join(home.dir, 'beside.yaml'), ...flags])
    expect(CODES, ended.stderr).toContain(ended.code)
    return join(out, 'run.ndjson')
  }

  test('is reported with the same figures: propagation, idle CPU, CPU for each change, memory', {
    timeout: WITHIN_MS,
  }, async () => {
    const kuma = await world.kumaGlobal()
    const theirs = await measure('theirs', {
      kds: kuma.kdsPort,
      api: kuma.rest.url,
      diagnostics: kuma.diagnostics.url,
    })
    expect(await kuma.rest.names('/zones')).toEqual([])
    expect(await kuma.rest.names('/meshes')).toEqual(['default'])
    const global = await world.global()
    const { kds, diagnostics } = global.endpoints
    const ours = await measure('ours', { kds, api: global.rest.url, diagnostics: `http://127.0.0.1:${diagnostics}` })

    for (const file of [theirs, ours]) {
      const { summary } = readLoadResult(file)
      expect(summary.counts).toMatchObject({ zonesLive: 5, accepted: 40, refused: 0 })
      expect(summary.final?.wrong).toEqual([])
      expect(summary.start.target.version).toMatch(/^Kuma \d/)
    }
    const compared = await home.ok(['report', 'compare', theirs, ours, '--force', '-o', 'json'])
    const { measures } = JSON.parse(compared) as LoadComparison
    const names = [
      'zone.propagation:p(50)',
      'zone.propagation:p(99)',
      'target.cpu.idle',
      'target.cpu.change',
      'target.memory',
    ]
    for (const name of names) {
      const measure = measures.find((one) => one.name === name)
      expect([measure?.before, measure?.after], name).toEqual([expect.any(Number), expect.any(Number)])
    }
    const text = readFileSync(join(home.dir, 'theirs', 'report.txt'), 'utf8')
    expect(text).toMatch(/·· encoding.*not observable/)
    expect(text).toMatch(/· accepted → first sent.*not observable/)
  })
})
