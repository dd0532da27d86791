import type { PromMetrics } from '../base/prom-metrics.js'
import type { JsonObject } from '../model/json.js'

/** What a peer says becomes a label only if it looks like a version. */
const VERSION = /^[\w.+~-]{1,64}$/

/** Of how many of these peers each version is; one that has said nothing yet has none. Series are at most as many as peers. */
export function exposeClientVersions(
  metrics: Pick<PromMetrics, 'collect'>,
  peers: () => Iterable<{ readonly clientVersion: string | undefined }>,
): void {
  metrics.collect('kds_delta_client_versions', () => {
    const clients = new Map<string, number>()
    for (const { clientVersion: version } of peers()) {
      if (version !== undefined) clients.set(version, (clients.get(version) ?? 0) + 1)
    }
    return [...clients].map(([version, count]) => ({ labels: { client_version: version }, value: count }))
  })
}

/** Of a `Node.metadata.version`, in Kuma's labels: previews are one, and what cannot be read is `unknown`. */
export function clientVersion(stated: JsonObject | undefined): string {
  const { version } = (stated?.kumaCp ?? {}) as JsonObject
  if (typeof version !== 'string' || !VERSION.test(version)) return 'unknown'
  return version.includes('preview') ? 'preview' : version
}
