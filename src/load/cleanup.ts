import { type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { ApiClient } from '../lab/api-client.js'
import { inParallel } from './in-parallel.js'
import type { LoadTarget } from './target.js'

export interface Leftover {
  readonly what: string
  readonly why: string
}

/** A global may take as long to see that a zone is gone (its keepalive, twice); an online zone cannot be deleted. */
const OFFLINE_WITHIN_MS = 45_000
const AGAIN_AFTER_MS = 1_000

/** Removes everything that is called after the run: its zones, with what came from them, then its mesh with everything in it. */
export async function cleanUp(run: string, target: LoadTarget, clock: Clock): Promise<Leftover[]> {
  const left: Leftover[] = []
  for (const tenant of target.tenants) {
    const api = target.api?.(tenant)
    if (!api) {
      left.push({ what: `whatever zones are called zl-${run}-`, why: 'nothing can be removed without --api URL' })
      continue
    }
    const untilMs = clock.monotonicMs() + OFFLINE_WITHIN_MS
    const zones = await namesOf(api, '/zones', `zl-${run}-`, left)
    await inParallel(
      zones.map(
        (zone) => async () => left.push(...(await remove(api, `/zones/${zone}`, `zone ${zone}`, untilMs, clock))),
      ),
    )
    const meshes = await namesOf(api, '/meshes', `zl-${run}`, left)
    for (const mesh of meshes) left.push(...(await remove(api, `/meshes/${mesh}`, `mesh ${mesh}`, untilMs, clock)))
  }
  return left
}

async function namesOf(api: ApiClient, path: string, prefix: string, left: Leftover[]): Promise<string[]> {
  try {
    const names = (await api.list<{ readonly name: string }>(path)).map(({ name }) => name)
    return names.filter((name) => name === prefix || name.startsWith(prefix.endsWith('-') ? prefix : `${prefix}-`))
  } catch (thrown) {
    left.push({ what: `whatever ${path.slice(1)} are called ${prefix}`, why: AppError.from(thrown).message })
    return []
  }
}

async function remove(api: ApiClient, path: string, what: string, untilMs: number, clock: Clock): Promise<Leftover[]> {
  for (;;) {
    try {
      await api.delete(path)
      return []
    } catch (thrown) {
      const { code, message } = AppError.from(thrown)
      if (code === 'not-found') return []
      if (clock.monotonicMs() > untilMs) return [{ what, why: message }]
      await sleep(clock, AGAIN_AFTER_MS)
    }
  }
}
