import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { createCa, createServerCertificate } from '../transport/tls.js'
import type { ApiClient } from './api-client.js'
import type { Component } from './components.js'
import type { TokenBinding } from './fleet.js'
import type { LabSpec } from './lab-spec.js'
import { dataplaneTokenFile, zoneTokenFile } from './lab-view.js'
import type { LabPaths } from './paths.js'
import { readIfThere, writePrivateFile } from './private-files.js'

/** A lab's own authority and one certificate for all its servers; made once, kept over restarts. */
export function ensureCertificates(paths: LabPaths, spec: LabSpec, clock: Clock): void {
  if (existsSync(paths.certFile) && existsSync(paths.caFile)) return
  const nowMs = clock.nowMs()
  const ca = createCa({ name: `zonelab ${paths.name}`, nowMs })
  const everywhere = spec.listen === '0.0.0.0' || spec.listen === '::'
  const hosts = isIP(spec.listen) !== 0 && !everywhere ? [spec.listen] : []
  const server = createServerCertificate({ ca, nowMs, hosts })
  writePrivateFile(paths.caFile, ca.certPem)
  writePrivateFile(join(paths.tls, 'ca.key'), ca.keyPem)
  writePrivateFile(paths.keyFile, server.keyPem)
  // Last, because its presence says that all are there.
  writePrivateFile(paths.certFile, server.certPem)
}

/** A zone's credential: from the global that the lab runs, or from the directory that the user named. */
export async function ensureZoneToken(
  zone: Extract<Component, { kind: 'zone' }>,
  wiring: { readonly paths: LabPaths; readonly spec: LabSpec; readonly api: (tenant: string) => ApiClient },
): Promise<void> {
  const { paths, spec } = wiring
  const file = zoneTokenFile(paths, zone.key)
  if (spec.auth === 'none') return
  if (spec.global.kind === 'foreign') {
    writePrivateFile(file, foreignZoneToken(spec.global.zoneTokenDir, zone.zone.name))
    return
  }
  const api = wiring.api(zone.tenant)
  if (spec.auth === 'sat') await ensureAccessToken(zone.zone.name, file, api)
  else if (!existsSync(file)) {
    writePrivateFile(file, await api.postForText('/tokens/zone', { zone: zone.zone.name, scope: ['cp'] }))
  }
}

/** The token of a provisioned zone is shown once: a zone whose token is lost is provisioned anew, and a file without a zone is stale. */
async function ensureAccessToken(zone: string, file: string, api: ApiClient): Promise<void> {
  if (await isThere(api, `/zones/${zone}`)) {
    if (existsSync(file)) return
    await api.delete(`/zones/${zone}`)
  }
  const { token } = await api.post<{ token: string }>('/provision-zone', { name: zone })
  writePrivateFile(file, token)
}

async function isThere(api: ApiClient, path: string): Promise<boolean> {
  try {
    await api.get(path)
    return true
  } catch (thrown) {
    if (AppError.from(thrown).code === 'not-found') return false
    throw thrown
  }
}

/** One for all sidecars of a workload: where a MeshIdentity names them by it, no other token lets them in. */
export async function ensureDataplaneToken(
  tenant: string,
  binding: TokenBinding,
  wiring: { readonly paths: LabPaths; readonly api: (tenant: string) => ApiClient },
): Promise<void> {
  const file = dataplaneTokenFile(wiring.paths, tenant, binding)
  if (existsSync(file)) return
  writePrivateFile(file, await wiring.api(tenant).postForText('/tokens/dataplane', binding))
}

/** Throws `not-found` when the directory has none for the zone. */
function foreignZoneToken(dir: string | undefined, zone: string): string {
  if (dir === undefined) {
    throw new AppError('invalid-argument', `zone ${zone} needs a token: name their directory with --zone-token-dir`)
  }
  for (const name of [zone, `${zone}.jwt`]) {
    const token = readIfThere(join(dir, name))?.trim()
    if (token) return token
  }
  throw new AppError('not-found', `${dir} has no token for zone ${zone}: put it in a file "${zone}" or "${zone}.jwt"`)
}
