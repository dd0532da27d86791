import { expect } from 'vitest'
import type { Loose, Rest } from './rest.js'

/** The subscriptions that a global knows of a zone, oldest first. */
export async function subscriptions(global: Rest, zone: string): Promise<Loose[]> {
  const { zoneInsight } = await global.get(`/zones/${zone}/_overview`)
  return zoneInsight?.subscriptions ?? []
}

/** Online as kumactl has it: the zone is enabled and its newest subscription is open. */
export async function expectOnline(global: Rest, zone: string, online: boolean): Promise<void> {
  const newest = (await subscriptions(global, zone)).at(-1)
  const isOpen = newest !== undefined && newest.disconnectTime === undefined
  expect(isOpen, `${zone} is online`).toBe(online)
}
