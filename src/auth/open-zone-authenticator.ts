import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { TenantId } from '../model/tenant.js'
import type { ZoneAuthenticator } from './zone-authenticator.js'
import { readZoneCall, type Tenancy } from './zone-call.js'

export interface OpenZoneOptions {
  readonly tenancy: Tenancy
  readonly exists: (tenant: TenantId) => boolean
  readonly log: Logger
}

/** Mode `none`: whoever calls is the zone that it says it is, as in Kuma without zone tokens. Warns once, when made. */
export function openZoneAuthenticator({ tenancy, exists, log }: OpenZoneOptions): ZoneAuthenticator {
  log.warn('zones are not authenticated: whoever reaches this port can act as any zone; use zone tokens to prevent it')
  return {
    async authenticate(metadata) {
      const call = readZoneCall(metadata, tenancy)
      if (!exists(call.tenant)) throw new AppError('not-found', `there is no control plane "${call.tenant}"`)
      return { ...call, credential: { kind: 'none' } }
    },
  }
}
