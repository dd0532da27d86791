import type { Endpoint } from '../../conformance/controller.js'
import { requireAllowedTarget } from '../allowed-target.js'

/** Throws `guard-rail` where a door of a target is on another machine and was not allowed by `--allow-target`. */
export function requireAllowedEndpoint(
  { address, api, bootstrap, platform }: Endpoint,
  allowed: readonly string[],
): void {
  requireAllowedTarget([`grpc://${address}`, api?.url, bootstrap?.url, platform?.url], allowed)
}
