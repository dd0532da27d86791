import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { isDnsName, isIpAddress } from '../dns-names.js'
import { portNumber } from './fields.js'
import { violation } from './rules.js'

/** Where a zone's ingress is reached from other zones. */
export const meshZoneAddressSchema = z.object({ address: z.string().min(1), port: portNumber })
export type MeshZoneAddressSpec = z.infer<typeof meshZoneAddressSchema>

export function checkMeshZoneAddress({ address }: MeshZoneAddressSpec): Violation[] {
  if (address === '0.0.0.0' || address === '::') return violation('spec.address', 'must not be 0.0.0.0 or ::')
  return isIpAddress(address) || isDnsName(address)
    ? []
    : violation('spec.address', 'must be a valid IP address or domain name')
}
