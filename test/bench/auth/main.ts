import { signingKeyDraft } from '../../../src/auth/bootstrap-secrets.js'
import { type ZoneClaims, zoneClaims } from '../../../src/auth/claims.js'
import { issueZoneToken } from '../../../src/auth/issue.js'
import { TenantTrust } from '../../../src/auth/tenant-trust.js'
import { ZONE_KEYS } from '../../../src/auth/token-secrets.js'
import { VerifiedTokens } from '../../../src/auth/verified-tokens.js'
import { verifyToken } from '../../../src/auth/verify.js'
import { systemClock as clock } from '../../../src/base/clock.js'
import { silentLogger as log } from '../../../src/base/log.js'
import { systemRandom as random } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import { cpuMs } from '../child.js'
import { runBench } from '../report.js'
import { estimate, median, ratios } from '../statistics.js'

/** CPU of checking one zone token at admission: known already, and for the first time. One after the other, as calls come. */
const ROUNDS = 12
const KNOWN = 20_000
const NEW = 1_000

await runBench(async () => {
  const store = new MemoryStore({ clock, random, log }).tenant(DEFAULT_TENANT)
  await store.commit([{ kind: 'put', resource: await signingKeyDraft(ZONE_KEYS), expect: 'absent' }])
  const trust = new TenantTrust({ store, clock, random, log })
  const token = await issueZoneToken({ zone: 'zone-1', scope: ['cp'] }, 3_600_000, trust.issuer(ZONE_KEYS))
  const check = async (known: VerifiedTokens<ZoneClaims>) => {
    const outcome = await verifyToken({ token, schema: zoneClaims, trust: trust.zone, known }, { clock })
    if (outcome.kind === 'refused') throw new Error(outcome.text)
  }
  const remembered = new VerifiedTokens<ZoneClaims>()
  const micros = { known: [] as number[], fresh: [] as number[] }
  for (let round = -2; round < ROUNDS; round += 1) {
    const known = await cpuPerCall(KNOWN, () => check(remembered))
    const fresh = await cpuPerCall(NEW, () => check(new VerifiedTokens<ZoneClaims>()))
    // The first two rounds warm up.
    if (round < 0) continue
    micros.known.push(known)
    micros.fresh.push(fresh)
  }
  trust.close()
  return {
    bars: [
      { what: 'CPU of a new token over a known one', value: estimate(ratios(micros.fresh, micros.known)), atLeast: 10 },
    ],
    figures: { 'µs CPU, a known token': median(micros.known), 'µs CPU, a new token': median(micros.fresh) },
  }
})

async function cpuPerCall(count: number, call: () => Promise<void>): Promise<number> {
  const before = cpuMs()
  for (let made = 0; made < count; made += 1) await call()
  return ((cpuMs() - before) * 1_000) / count
}
