import { expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { DataplaneSubscription, type ServedCertificate } from '../../../src/insights/dataplane.js'
import { type Resource, specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

const NOW_MS = Date.UTC(2026, 0, 1)
const HOUR_MS = 3_600_000
const served: ServedCertificate = {
  issuedBackend: 'kri_mid_default___identity_',
  supportedBackends: ['kri_mtrust_default___identity_'],
  issuedAtMs: NOW_MS,
  expiresAtMs: NOW_MS + HOUR_MS,
}
const told = {
  issuedBackend: 'kri_mid_default___identity_',
  supportedBackends: ['kri_mtrust_default___identity_'],
  certificateExpirationTime: '2026-01-01T01:00:00.000Z',
  lastCertificateRegeneration: '2026-01-01T00:00:00.000Z',
  certificateRegenerations: 1,
}

/** The `mTLS` of an insight after each of the certificates was served. */
async function toldAfter(...certificates: readonly (ServedCertificate | undefined)[]): Promise<unknown> {
  const clock = new FakeClock(NOW_MS)
  const store = new MemoryStore({ clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Dataplane', 'backend-1'))])
  let certificate: ServedCertificate | undefined
  const subscription = new DataplaneSubscription({
    store,
    mesh: 'default',
    name: 'backend-1',
    labels: {},
    instanceId: 'zone-1',
    clock,
    log: silentLogger,
    untilFlushMs: () => 10_000,
    id: 'one',
    counted: { cds: 'c', eds: 'e', lds: 'l', rds: 'r' },
    certificate: () => certificate,
  })
  for (certificate of certificates) {
    subscription.onSent('secret')
    await subscription.open(undefined)
  }
  await subscription.close()
  const insight = await store.get({ type: 'DataplaneInsight', mesh: 'default', name: 'backend-1' })
  return specOf(insight as Resource).mTLS
}

const renewed = { ...served, issuedAtMs: NOW_MS + HOUR_MS, expiresAtMs: NOW_MS + 2 * HOUR_MS }
const otherTrust = { ...served, supportedBackends: ['kri_mtrust_default___another_'] }
const renewedTold = {
  ...told,
  certificateExpirationTime: '2026-01-01T02:00:00.000Z',
  lastCertificateRegeneration: '2026-01-01T01:00:00.000Z',
  certificateRegenerations: 2,
}

test.each<[string, readonly (ServedCertificate | undefined)[], unknown]>([
  ['tells nothing of TLS that is not spoken', [undefined], undefined],
  ['tells the certificate, once however often it is written', [served, served], told],
  ['counts a renewal', [served, renewed], renewedTold],
  [
    'counts another trust as one, as Kuma does',
    [served, otherTrust],
    { ...told, supportedBackends: otherTrust.supportedBackends, certificateRegenerations: 2 },
  ],
  ['forgets the certificate when it is taken away', [served, undefined], undefined],
])('a DataplaneInsight %s', async (_name, certificates, expected) => {
  expect(await toldAfter(...certificates)).toEqual(expected)
})
