import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { askBootstrap } from '../../../src/lab/bootstrap-client.js'
import { startLab } from '../../../src/lab/testing.js'

const IDENTITY = {
  type: 'MeshIdentity',
  name: 'identity',
  spec: {
    selector: { dataplane: { matchLabels: {} } },
    provider: { type: 'Bundled', bundled: { autogenerate: { enabled: true }, meshTrustCreation: 'Enabled' } },
  },
} as const

test('where a MeshIdentity names sidecars by their workload, a token has to be bound to it', async () => {
  await using lab = await startLab()
  const { api } = lab.zone('zone-1')
  const { caFile = '', components } = lab.view
  const bootstrap = components.find(({ name }) => name === 'zone-1')?.endpoints.bootstrap ?? ''
  const { labels, networking } = await api.get<Record<string, object>>('/meshes/default/dataplanes/backend-1')
  const asks = async (claims: object) => {
    const dataplaneToken = await lab.global.postForText('/tokens/dataplane', { mesh: 'default', ...claims })
    const dataplaneResource = JSON.stringify({
      type: 'Dataplane',
      mesh: 'default',
      name: 'backend-1',
      labels,
      networking,
    })
    return askBootstrap(bootstrap, caFile, {
      mesh: 'default',
      name: 'backend-1',
      dataplaneToken,
      dataplaneResource,
      caCert: readFileSync(caFile, 'utf8'),
      readinessPort: 9902,
    })
  }
  await asks({})
  await lab.apply(IDENTITY)
  await lab.untilSynced()
  await expect(asks({})).rejects.toThrow('requires a workload-bound token')
  await expect(asks({ workload: 'frontend' })).rejects.toThrow('is not allowed with this token')
  await asks({ workload: 'backend' })

  // The lab's own sidecars have such tokens.
  await lab.kill('dataplanes/zone-1')
  await lab.start('dataplanes/zone-1')
  const synced = () =>
    lab.untilSynced().then(
      () => true,
      () => false,
    )
  await expect.poll(synced, { timeout: 60_000 }).toBe(true)
})
