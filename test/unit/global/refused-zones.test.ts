import { expect, test } from 'vitest'
import { zoneRefused } from '../../../src/auth/zone-authenticator.js'
import { AppError } from '../../../src/base/errors.js'
import { RefusedZones } from '../../../src/global/refused-zones.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { FakeClock } from '../../support/fake-clock.js'

const call = (zone: string) => ({ tenant: DEFAULT_TENANT, zone })
const refusal = (reason: 'no-token' | 'expired') => zoneRefused(reason, new AppError('unauthenticated', reason))

test('who was refused is named with the last reason until it gets in', () => {
  const clock = new FakeClock()
  const refused = new RefusedZones(clock)
  refused.onRefused(call('zone-1'), refusal('no-token'))
  refused.onRefused(call('zone-2'), refusal('no-token'))
  clock.step(1_000)
  refused.onRefused(call('zone-1'), refusal('expired'))
  expect(refused.list()).toEqual([
    { tenant: 'default', zone: 'zone-2', reason: 'no-token', ageMs: 1_000 },
    { tenant: 'default', zone: 'zone-1', reason: 'expired', ageMs: 0 },
  ])
  refused.onAdmitted({ ...call('zone-1'), credential: { kind: 'none' } })
  expect(refused.list().map(({ zone }) => zone)).toEqual(['zone-2'])
})

test('callers that make up names fill no memory', () => {
  const refused = new RefusedZones(new FakeClock())
  for (let i = 0; i < 100; i += 1) refused.onRefused(call(`zone-${i}`), refusal('no-token'))
  expect(refused.list()).toHaveLength(20)
  expect(refused.list().at(-1)?.zone).toBe('zone-99')
})
