import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { planLoad } from '../../../src/load/plan.js'
import { requireTokens } from '../../../src/load/run-guard.js'
import { askForToken, type ForeignFlags, foreignTarget } from '../../../src/load/target.js'
import { ControlPlanes, type RunningGlobal } from '../kds/control-planes.js'
import { runIn, targetOf, tiny } from './rig.js'

/** Credentials of zones at a target that is no lab's. */

let planes: ControlPlanes
let global: RunningGlobal

beforeEach(async () => {
  planes = new ControlPlanes()
  global = await planes.global({ kdsAuth: 'zone-token' })
})
afterEach(() => planes.close())

const scenario = tiny('topology: { zones: 2 }')
const TIMEOUT = 60_000

function foreign(flags: Partial<ForeignFlags>) {
  const none = { caFile: undefined, userTokenFile: undefined, zoneTokenDir: undefined, signingKeyFile: undefined }
  const apiUrl = `http://127.0.0.1:${global.endpoints.apiHttp}`
  const rest = { kid: undefined, cpId: undefined, scrapeUrl: undefined }
  return foreignTarget(
    { address: global.address, apiUrl, ...none, ...rest, ...flags },
    {
      clock: systemClock,
      random: systemRandom,
    },
  )
}

/** As an operator takes it out of the global. */
async function signingKey(): Promise<string> {
  const { body } = await global.api.get('/global-secrets/zone-token-signing-key-1')
  return planes.file('key.pem', Buffer.from(String(body.data), 'base64').toString())
}

test('each zone comes in with a token that was signed with --signing-key', { timeout: TIMEOUT }, async () => {
  const signingKeyFile = await signingKey()
  const { summary, verdict } = await runIn({ target: foreign({ signingKeyFile, kid: '1' }), scenario })
  expect([summary.counts.zonesLive, verdict.nothingLost]).toEqual([2, true])
})

test('each zone comes in with its token of --zone-token-dir, and one that has none is named', {
  timeout: TIMEOUT,
}, async () => {
  const target = foreign({ zoneTokenDir: planes.directory })
  const plan = planLoad({ scenario, run: 'test01', tenants: ['default'] })
  const [first = { name: '' }, second = { name: '' }] = plan.zones
  const api = targetOf(global).api?.('default')
  const issue = async (zone: string) => String(api && (await askForToken(api, zone, 'good')))
  planes.file(`${first.name}.jwt`, await issue(first.name))
  await expect(requireTokens(plan, target)).rejects.toThrow(`has no token for zone ${second.name}`)
  planes.file(second.name, await issue(second.name))
  await requireTokens(plan, target)
  const { summary, verdict } = await runIn({ target, scenario })
  expect([summary.counts.zonesLive, verdict.nothingLost]).toEqual([2, true])
})

test('without an API nothing is written, and what cannot be removed is named', { timeout: TIMEOUT }, async () => {
  const signingKeyFile = await signingKey()
  const target = foreign({ signingKeyFile, kid: '1', apiUrl: undefined })
  const { summary, verdict } = await runIn({ target, scenario })
  expect([verdict.outcome, summary.counts.zonesLive, summary.counts.accepted]).toEqual(['passed', 2, 0])
  expect(summary.leftovers.map(({ what }) => what)).toEqual([expect.stringMatching(/^whatever zones .*--api URL/)])
})
