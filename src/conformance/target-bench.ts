import type { KeyObject } from 'node:crypto'
import type { Bench } from './bench.js'
import type { Perch } from './canary.js'
import { foreignToken } from './foreign-token.js'
import type { Target } from './target.js'

/** What a lane is given, whatever its way in. */
export interface LanePorts {
  readonly target: Target
  /** A zone that no token is ever for. */
  readonly unseenZone: string
  readonly strangerKey: KeyObject
  readonly perch: Perch
  readonly deadlineMs: number
  /** Waits for its turn, so that all lanes together stay below the rate. */
  readonly pace: () => Promise<void>
}

/** What a way in has of its own. */
export interface OwnBench extends Pick<Bench, 'zone' | 'claims' | 'fields'> {
  readonly legalToken: (bench: Bench) => Promise<string>
}

export function benchOn({ target, perch, unseenZone, strangerKey }: LanePorts, own: OwnBench): Bench {
  const bench: Bench = {
    zone: own.zone,
    claims: own.claims,
    fields: own.fields,
    unseenZone,
    strangerKey,
    get canaryUrl() {
      return perch.url
    },
    get nowS() {
      return Math.floor(target.clock.nowMs() / 1000)
    },
    get signing() {
      return target.signingKey()
    },
    cpId: target.endpoint.cpId,
    get platform() {
      return target.requiredPlatform
    },
    uuid: () => target.random.uuid(),
    legalToken: () => own.legalToken(bench),
    tokenOf: (kind) => foreignToken(target, kind, own.zone),
    legalCall: async () => ({ fields: own.fields(await bench.legalToken()) }),
  }
  return bench
}
