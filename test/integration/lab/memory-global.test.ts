import { expect, test } from 'vitest'
import { startLab } from '../../../src/lab/testing.js'

test('a global without a database that starts again has new keys, and its zones and sidecars get tokens of them', async () => {
  await using lab = await startLab({ dataplanes: 1 })
  await lab.kill('global')
  await lab.start('global')
  await lab.kill('dataplanes/zone-1')
  await lab.start('dataplanes/zone-1')
  const synced = () =>
    lab.untilSynced().then(
      () => true,
      () => false,
    )
  await expect.poll(synced, { timeout: 60_000 }).toBe(true)
})
