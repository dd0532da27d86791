import type { Case } from '../case.js'
import { RPCS, type Rpc } from '../rpc.js'
import { isHotLoop, waitsGrow, waitsText } from '../zone-client/attempts.js'
import type { HeardCall, Scene } from '../zone-client/scene.js'
import { DIALS_WITHIN_MS, type ZoneStage } from '../zone-client/zone-stage.js'
import { rowsOf } from './row.js'

/** What rows of auth.md §4.2 and §4.8 ask of the zone, when the suite is its global. */
const presence = rowsOf('presence')
const lifeCycle = rowsOf('life-cycle')

/** Health checks come every second (the suite asks for it), but machines are busy. */
const SEEN_WITHIN_MS = 30_000
/** Kuma waits 5, 10, 20 seconds; three waits show that they grow. */
const WAITS_WITHIN_MS = 150_000

const STREAMS = RPCS.filter((rpc) => rpc !== 'HealthCheck')

/** A zone that shows its token: without it nothing that it does or leaves says anything of tokens. */
export async function controlPresents(stage: ZoneStage, scene: Scene, step: string): Promise<HeardCall | undefined> {
  const call = await stage.presented(scene)
  stage.control(step, call !== undefined, scene.summary, (call ?? scene.calls[0])?.exchange)
  return call
}

async function allCalled(stage: ZoneStage, scene: Scene, rpcs: readonly Rpc[] = RPCS): Promise<boolean> {
  return stage.until(DIALS_WITHIN_MS, () => rpcs.every((rpc) => scene.callsOf(rpc).length > 0))
}

/** Every RPC, each with the token of the file and nothing else that could be one. */
function checkTokenOnAll(stage: ZoneStage, scene: Scene): void {
  for (const rpc of RPCS) {
    const calls = scene.callsOf(rpc)
    const odd = calls.find(({ credentials: [first, ...more] }) => first !== stage.token || more.length > 0)
    const detail = calls.length === 0 ? 'it was not called' : (odd && credentialText(odd)) || 'on every call'
    stage.check(`${rpc} shows the token`, calls.length > 0 && odd === undefined, detail, (odd ?? calls[0])?.exchange)
  }
}

function credentialText({ credentials: [first, ...more] }: HeardCall): string {
  if (first === undefined) return 'a call shows no credential'
  if (more.length > 0) return `a call shows ${more.length + 1} credentials`
  return 'a call shows another credential than the token alone'
}

export const ZONE_CLIENT: readonly Case[] = [
  presence.zone(
    3,
    'a zone shows its token bare, once and on every RPC, and its name',
    { basis: 'kuma', norm: 'Kuma zone client' },
    async (stage) => {
      const scene = await stage.scene({ face: 'trusted' })
      await stage.startZone()
      await allCalled(stage, scene)
      checkTokenOnAll(stage, scene)
      const named = scene.calls.every(({ zones }) => zones.length === 1 && zones[0] === stage.zone)
      stage.check('every call names the zone', named && scene.calls.length > 0, scene.summary)
    },
  ),
  lifeCycle.zone(
    142,
    'a zone whose health check is refused drops its streams and comes back',
    { basis: 'kuma', norm: 'kumahq/kuma#3379' },
    async (stage) => {
      let refuses = false
      const reply = (rpc: Rpc) => (refuses && rpc === 'HealthCheck' ? 'unauthenticated' : 'accept')
      const scene = await stage.scene({ face: 'trusted', reply })
      await stage.startZone()
      await allCalled(stage, scene)
      const streams = STREAMS.flatMap((rpc) => scene.callsOf(rpc).slice(-1))
      const open = streams.length === STREAMS.length && streams.every((stream) => stream.open)
      stage.control('five streams are open', open, scene.summary)
      refuses = true
      const dropped = await stage.until(SEEN_WITHIN_MS, () => streams.every((stream) => !stream.open))
      const refused = scene.callsOf('HealthCheck').at(-1)
      stage.check('a refused health check ends all of them', dropped, scene.summary, refused?.exchange)
      refuses = false
      const back = () => STREAMS.every((rpc) => scene.callsOf(rpc).at(-1)?.open)
      stage.check('they are opened again', await stage.until(DIALS_WITHIN_MS, back), scene.summary)
    },
  ),
  lifeCycle.zone(
    144,
    'a zone that is refused waits longer each time, and goes on trying',
    { basis: 'kuma', norm: 'Kuma zone client' },
    async (stage) => {
      const closed = await stage.scene({ face: 'trusted', reply: () => 'unauthenticated' })
      await stage.startZone()
      const enough = () => isHotLoop(closed.attemptsMs) || waitsGrow(closed.attemptsMs)
      await stage.until(WAITS_WITHIN_MS, enough)
      const { attemptsMs } = closed
      const waits = waitsText(attemptsMs)
      stage.check('it does not come again at once', !isHotLoop(attemptsMs), waits, closed.calls[0]?.exchange)
      stage.check('its waits grow', waitsGrow(attemptsMs), waits)
      const open = await stage.scene({ face: 'trusted' })
      const served = await stage.until(DIALS_WITHIN_MS, () =>
        open.callsOf('GlobalToZoneSync').some((call) => call.open),
      )
      stage.control('once it is let in it opens its streams', served, open.summary, open.calls[0]?.exchange)
    },
  ),
  lifeCycle.zone(
    145,
    'a zone whose token file is replaced shows the new token on its next call, and its session goes on',
    { basis: 'kuma', norm: 'kumahq/kuma#18803' },
    async (stage) => {
      const scene = await stage.scene({ face: 'trusted' })
      await stage.startZone()
      await allCalled(stage, scene)
      await controlPresents(stage, scene, 'it shows the token that was in the file when it started')
      const streams = STREAMS.flatMap((rpc) => scene.callsOf(rpc).slice(-1))
      await stage.replaceToken()
      const seen = await stage.until(SEEN_WITHIN_MS, () => scene.shown(stage.token)?.rpc === 'HealthCheck')
      const latest = scene.callsOf('HealthCheck').at(-1)
      stage.check(
        'a health check shows the new one',
        seen,
        scene.summary,
        (scene.shown(stage.token) ?? latest)?.exchange,
      )
      stage.check(
        'the streams stay open',
        streams.every((stream) => stream.open),
        scene.summary,
      )
      const again = await stage.scene({ face: 'trusted' })
      await allCalled(stage, again)
      checkTokenOnAll(stage, again)
    },
  ),
  lifeCycle.zone(
    157,
    'a zone whose global restarts comes back and shows its token anew',
    { basis: 'kuma', norm: 'Kuma zone client' },
    async (stage) => {
      const before = await stage.scene({ face: 'trusted' })
      await stage.startZone()
      await controlPresents(stage, before, 'before, it shows its token')
      const starting = await stage.scene({ face: 'trusted', reply: () => 'unavailable' })
      const again = await stage.until(DIALS_WITHIN_MS, () => starting.attemptsMs.length > 1)
      const [refused] = starting.calls
      stage.check('it goes on dialling while the global is not ready', again, starting.summary, refused?.exchange)
      const after = await stage.scene({ face: 'trusted' })
      await allCalled(stage, after)
      checkTokenOnAll(stage, after)
    },
  ),
]
