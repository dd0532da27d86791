import { AppError } from '../base/errors.js'
import type { TokenKind } from './bench.js'
import type { Target } from './target.js'
import { TargetApi } from './target-api.js'

/** A token of its own issuer that is legal where it belongs; of a user without any right. Needs the API as its admin. */
export function foreignToken(target: Target, kind: TokenKind, zone: string): Promise<string> {
  const { api, endpoint, clock } = target
  if (api === undefined) throw new AppError('invalid-argument', 'this target has no API; give --api')
  switch (kind) {
    case 'zone': {
      const issuer = endpoint.zoneTokenApi ? new TargetApi(endpoint.zoneTokenApi, clock) : api
      return issuer.issue('/tokens/zone', { zone, scope: ['cp'], validFor: '1h' })
    }
    case 'dataplane':
      return api.issue('/tokens/dataplane', { name: 'zonelab-conformance', mesh: 'default', validFor: '1h' })
    case 'user':
      return api.issue('/tokens/user', { name: 'zonelab-conformance', groups: ['zonelab'], validFor: '1h' })
    default:
      return kind satisfies never
  }
}
