import { expect, test } from 'vitest'
import { startLab } from '../../../src/lab/testing.js'

/** `zonelab/testing` as its users write it. */

test('a policy that is applied to a lab in this process is in every zone and sidecar', async () => {
  await using lab = await startLab({ zones: 2, dataplanes: 3 })
  const timeout = {
    type: 'MeshTimeout',
    name: 'slow-database',
    spec: {
      targetRef: { kind: 'Mesh' },
      to: [
        {
          targetRef: { kind: 'MeshService', labels: { 'kuma.io/display-name': 'database' } },
          default: { connectionTimeout: '7.654s' },
        },
      ],
    },
  } as const
  await lab.apply(timeout)
  await lab.expectPropagated(timeout)
  for (const zone of ['zone-1', 'zone-2']) {
    expect(JSON.stringify(await lab.zone(zone).configDump('backend-1'))).toContain('"7.654s"')
  }
})

test('a lab whose zone is gone is not in sync, and says which zone', async () => {
  await using lab = await startLab({ zones: 2, dataplanes: 0 })
  await lab.zone('zone-2').kill()
  await expect(lab.untilSynced(300)).rejects.toThrow(/zone-2: is stopped/)
  await lab.zone('zone-2').start()
  await lab.untilSynced()
})
