import { ADMIN } from '../auth/api-user.js'
import { AppError } from '../base/errors.js'
import type { Bench } from './bench.js'
import type { CallDraft, Field } from './call-draft.js'
import type { CallLane, ControlCall } from './call-lane.js'
import { REST_DOORS, type RestDoor } from './door.js'
import { probe } from './probe.js'
import { restCall } from './rest-call.js'
import type { Exchange, Probe } from './result.js'
import { benchOn, type LanePorts } from './target-bench.js'
import { tokenWith } from './tokens/base-token.js'

/** From this machine anyone may be the admin (Kuma's localhost rule), and then no token is looked at. */
const FROM_ELSEWHERE: Field = ['x-forwarded-for', '192.0.2.1']

/** The REST API of a control plane, called as its admin with a user token. */
export class RestLane implements CallLane<RestDoor> {
  readonly bench: Bench
  readonly doors = REST_DOORS
  readonly proving = 'GET /global-secrets'
  readonly #options: LanePorts

  constructor(options: LanePorts) {
    this.#options = options
    this.bench = benchOf(options)
  }

  async trial(door: RestDoor, { fields }: CallDraft): Promise<{ exchange: Exchange; rawText: string }> {
    const { target, unseenZone, deadlineMs, pace } = this.#options
    await pace()
    const [method = '', path = ''] = door.split(' ')
    const body = door === 'POST /tokens/zone' ? { zone: unseenZone, scope: ['cp'], validFor: '1m' } : undefined
    const { clock } = target
    const sent = [FROM_ELSEWHERE, ...fields]
    return restCall({ api: target.apiEndpoint, method, path, body, fields: sent, clock, deadlineMs })
  }

  async control(door: RestDoor): Promise<ControlCall> {
    const { exchange } = await this.trial(door, await this.bench.legalCall())
    return { isSession: false, alive: false, opening: exchange, exchange, close: () => {} }
  }

  async probe(): Promise<Exchange> {
    const { exchange } = await this.trial('GET /global-secrets', await this.bench.legalCall())
    return exchange
  }

  async traces(rawText: string): Promise<readonly Probe[]> {
    return [
      probe('no token was given out', !/eyJ[\w-]+\.[\w-]+\.[\w-]{40,}/.test(rawText)),
      probe('no secret was given out', !rawText.includes('"GlobalSecret"')),
      ...this.#options.perch.probes(),
    ]
  }

  async close(): Promise<void> {}
}

function benchOf(ports: LanePorts): Bench {
  const { target, unseenZone } = ports
  return benchOn(ports, {
    zone: unseenZone,
    claims: { Name: ADMIN, Groups: [ADMIN] },
    fields: (credential) =>
      credential === undefined
        ? []
        : [['authorization', Buffer.concat([Buffer.from('Bearer '), Buffer.from(credential)])]],
    async legalToken(bench) {
      if (target.signing !== undefined) return tokenWith(bench, {})
      const { userToken } = target.apiEndpoint
      if (userToken !== undefined) return userToken
      throw new AppError(
        'invalid-argument',
        'there is no way to a legal token; give --user-token-file or --signing-key',
      )
    },
  })
}
