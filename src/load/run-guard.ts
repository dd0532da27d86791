import { AppError } from '../base/errors.js'
import type { LoadPlan } from './plan.js'
import type { LoadTarget } from './target.js'

/**
 * A global deletes what the first response of a zone's name lacks (kds.md trap 3): no name of a run may be in use.
 * Throws `guard-rail` when one is, or when the target does not say.
 */
export async function requireFreeNames(plan: LoadPlan, target: LoadTarget): Promise<void> {
  if (!target.api) return
  const wanted = new Set([plan.mesh, ...plan.zones.map(({ name }) => name)])
  for (const tenant of target.tenants) {
    const api = target.api(tenant)
    for (const path of ['/zones', '/meshes']) {
      const taken = (await namesAt(api, path, target)).find((name) => wanted.has(name))
      if (taken === undefined) continue
      throw new AppError(
        'guard-rail',
        `${target.name} has ${path.slice(1, -1)} "${taken}" already; this run would take its name`,
      )
    }
  }
}

async function namesAt(
  api: ReturnType<NonNullable<LoadTarget['api']>>,
  path: string,
  target: LoadTarget,
): Promise<string[]> {
  try {
    return (await api.list<{ readonly name: string }>(path)).map(({ name }) => name)
  } catch (cause) {
    const why = AppError.from(cause).message
    throw new AppError(
      'guard-rail',
      `nothing is started: the ${path.slice(1)} of ${target.name} cannot be read: ${why}`,
      {
        cause,
      },
    )
  }
}

/** Zone tokens that lie in files. Throws `invalid-argument` that names the first zone that has none. */
export async function requireTokens(plan: LoadPlan, target: LoadTarget): Promise<void> {
  for (const { name, tenant } of plan.zones) await target.zoneToken(name, tenant, 'good')
}
