import { createHash } from 'node:crypto'
import {
  type AdmissionLine,
  AdmissionTable,
  type AdmittedControlPlane,
  type AdmittedCredential,
} from '../../../src/auth/admission-table.js'
import { RefusalThrottle } from '../../../src/auth/refusal-throttle.js'
import { SatAuthenticator } from '../../../src/auth/sat-authenticator.js'
import { ZoneAdmission, type ZoneAdmissionOptions } from '../../../src/auth/zone-admission.js'
import { ZoneTokenAuthenticator } from '../../../src/auth/zone-token-authenticator.js'
import { AppError } from '../../../src/base/errors.js'
import type { LogFields } from '../../../src/base/log.js'
import { noMetrics } from '../../../src/base/metrics.js'
import { seededRandom } from '../../../src/base/random.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import { FakeClock } from '../../support/fake-clock.js'
import { type Answer, metadata, recordingLogger, T, trustOf, zoneKeyA, zoneKeyB } from './token-lab.js'

export const A = parseTenantId('0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a01')
export const B = parseTenantId('0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a02')
export const UNKNOWN = parseTenantId('0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a03')
/** Of another organisation. */
export const FOREIGN = parseTenantId('0190d3b2-7a5e-7c3a-8f11-2b6c5f0f4a04')

export function controlPlane(changes: Partial<AdmittedControlPlane> = {}): AdmissionLine {
  return {
    kind: 'control-plane',
    id: A,
    organization: 'org-1',
    region: 'us',
    zoneCredentials: 'both',
    personalTokens: true,
    organizationState: 'active',
    ...changes,
  }
}

const random = seededRandom(7)

/** As long as the tokens that were seen in public; nothing may depend on it. */
export function accessToken(prefix = 'spat_'): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  return prefix + Array.from({ length: 49 }, () => letters[Math.floor(random.next() * letters.length)]).join('')
}

export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export function credential(token: string, changes: Partial<AdmittedCredential> = {}): AdmissionLine {
  return {
    kind: 'credential',
    digest: digestOf(token),
    id: 'token-1',
    tokenKind: token.startsWith('kpat_') ? 'pat' : 'sat',
    organization: 'org-1',
    expiresAtMs: (T + 3600) * 1000,
    grants: [{ role: 'Connector', controlPlane: A, region: 'us' }],
    ...changes,
  }
}

/** A global in mode `sat` with control planes A and B of one organisation and one of another, heard of just now. */
export class SatLab {
  readonly clock = new FakeClock(T * 1000)
  readonly table = new AdmissionTable()
  readonly lines: { message: string; fields: LogFields }[] = []
  readonly openStreams = new Set<string>()
  readonly door: ZoneAdmission

  constructor(options: Partial<ZoneAdmissionOptions> = {}) {
    const { clock, table } = this
    const trusts = new Map([
      [A, trustOf({ '1': zoneKeyA })],
      [B, trustOf({ '1': zoneKeyB })],
    ])
    this.door = new ZoneAdmission({
      tenancy: { fallback: undefined, cpIdHeader: 'x-konnect-cp-id', ids: 'names' },
      zoneTokens: new ZoneTokenAuthenticator({
        trust: { find: (id) => (table.controlPlane(id)?.zoneCredentials === 'sat' ? undefined : trusts.get(id)) },
        refusals: 'generic',
        clock,
      }),
      accessTokens: new SatAuthenticator({
        table,
        ageMsMax: 5_000,
        keepsStream: ({ tenant, zone }, digest) => this.openStreams.has(`${tenant}/${zone}/${digest}`),
        clock,
      }),
      isSuspended: (id) => (table.controlPlane(id)?.organizationState ?? 'active') !== 'active',
      throttle: new RefusalThrottle({ clock, perSecond: 10_000 }),
      log: recordingLogger(this.lines),
      metrics: noMetrics,
      ...options,
    })
    this.hear(
      { kind: 'reset' },
      controlPlane(),
      controlPlane({ id: B }),
      controlPlane({ id: FOREIGN, organization: 'org-2' }),
    )
    this.hear({ kind: 'complete' })
  }

  hear(...lines: readonly AdmissionLine[]): void {
    for (const line of lines) this.table.apply(line, this.clock.monotonicMs())
  }

  /** The answer to a zone that presents this token. */
  async answer(token: string, { zone = 'z1', cpId = A as string } = {}): Promise<Answer> {
    try {
      await this.door.authenticate(metadata({ 'client-id': zone, authorization: token, 'x-konnect-cp-id': cpId }))
      return 'OK'
    } catch (thrown) {
      const { code, message } = AppError.from(thrown)
      return { code, text: message }
    }
  }

  /** Its code alone. */
  async code(token: string, where: { zone?: string; cpId?: string } = {}): Promise<string> {
    const answer = await this.answer(token, where)
    return answer === 'OK' ? answer : answer.code
  }

  get reasons(): readonly unknown[] {
    return this.lines.map(({ fields }) => fields.reason)
  }
}
