import type { Case } from '../case.js'
import type { Face } from '../zone-client/faces.js'
import { DIALS_WITHIN_MS, type ZoneStage } from '../zone-client/zone-stage.js'
import { rowsOf } from './row.js'
import { controlPresents } from './zone-client.js'

/** What rows of auth.md §4.12 ask of the zone, when the suite is its global. */
const row = rowsOf('tls')

/** Long enough to see that a zone which should not have started dials. */
const STRAY_WITHIN_MS = 10_000
/** Long enough for what a zone does at once when TLS does not come about. */
const LINGERS_MS = 3_000

/** Each face in turn for one zone; then a face that holds, for the same zone with the same settings. */
async function distrusts(stage: ZoneStage, faces: readonly (readonly [what: string, face: Face])[]): Promise<void> {
  let running = false
  for (const [what, face] of faces) {
    const hostile = await stage.scene({ face })
    if (!running) await stage.startZone()
    running = true
    // One that trusts it calls; one that does not hangs up, and may try something else at once.
    const over = (times: number) => hostile.calls.length > 0 || hostile.hungUp >= times
    stage.control(`${what}: the zone dials`, await stage.until(DIALS_WITHIN_MS, () => over(1)), hostile.summary)
    await stage.until(LINGERS_MS, () => over(2))
    const silent = hostile.wires.every(({ bytes }) => bytes === 0)
    stage.check(`${what}: not a byte is sent below TLS`, silent, hostile.summary, hostile.calls[0]?.exchange)
  }
  const sound = await stage.scene({ face: 'trusted' })
  await controlPresents(stage, sound, 'once nothing is wrong the same zone shows its token')
}

export const ZONE_CLIENT_TLS: readonly Case[] = [
  row.zone(
    216,
    'a zone that has a token for a plaintext global refuses to start',
    { basis: 'kuma', norm: 'kumahq/kuma#18803' },
    async (stage) => {
      const safe = await stage.scene({ face: 'trusted' })
      await stage.startZone()
      await controlPresents(stage, safe, 'over TLS, with all else alike, it starts and shows its token')
      await stage.stopZones()
      const open = await stage.scene({ face: 'plaintext' })
      const refusal = await stage.startRefusal({ plaintext: true })
      stage.check('it refuses to start', refusal !== undefined, refusal ?? 'it runs')
      if (refusal === undefined) await stage.until(STRAY_WITHIN_MS, () => open.shown(stage.token) !== undefined)
      const shown = open.calls.find(({ credentials }) => credentials.length > 0)
      const bare = open.wires.some(({ received }) => received.includes(stage.token))
      const kept = shown === undefined && !bare
      stage.check('no credential goes over the wire', kept, open.summary, shown?.exchange)
    },
  ),
  row.zone(
    218,
    'a zone takes no TLS below 1.2, and shows nothing over it',
    { basis: 'kuma', norm: 'Kuma TLS minimum' },
    (stage) => distrusts(stage, [['TLS 1.1', 'tls-1.1']]),
  ),
  row.zone(
    219,
    'a zone shows nothing to a global whose certificate does not hold',
    { basis: 'kuma', norm: 'kumahq/kuma#6991' },
    (stage) =>
      distrusts(stage, [
        ['an unknown authority', 'unknown-authority'],
        ['a certificate of another name', 'wrong-name'],
        ['an expired certificate', 'expired'],
      ]),
  ),
  row.zone(
    220,
    'a zone that is told to skip verification connects to any certificate',
    { basis: 'kuma', norm: 'Kuma tlsSkipVerify' },
    async (stage) => {
      const scene = await stage.scene({ face: 'unknown-authority' })
      await stage.startZone({ skipVerify: true })
      const came = await stage.until(DIALS_WITHIN_MS, () => scene.calls.length > 0)
      stage.check('it calls a global of an unknown authority', came, scene.summary, scene.calls[0]?.exchange)
      await controlPresents(stage, scene, 'it shows its token')
    },
  ),
]
