import { readFileSync } from 'node:fs'
import { readTokenFile } from '../../auth/token-file.js'
import { ADMIN_USER_TOKEN } from '../../auth/token-secrets.js'
import { CP_ID_HEADER } from '../../auth/zone-call.js'
import { AppError } from '../../base/errors.js'
import type { ApiEndpoint, Endpoint } from '../../conformance/controller.js'
import { wayOfAll } from '../../conformance/door.js'
import type { Profile } from '../../conformance/matrix.js'
import { TargetApi } from '../../conformance/target-api.js'
import { placedOn } from '../../lab/control-planes.js'
import { apiPlace, globalOf, platformPlace, shardOf } from '../../lab/lab-clients.js'
import type { ComponentView } from '../../lab/lab-view.js'
import type { ClientTrust } from '../../transport/grpc/client-trust.js'
import type { Context, Input } from '../command.js'
import { type LabAccess, openLab, tenantAsked } from '../lab-access.js'
import { needsPlatform } from './selection.js'

/** Where in a lab the profiles have their doors, and what opens them; without `--tenant` and `--zone` its first ones. */
export async function labEndpoint(context: Context, input: Input, profiles: readonly Profile[]): Promise<Endpoint> {
  const lab = await openLab(context, input)
  const tenant = tenantAsked(lab, input)
  if (needsPlatform(profiles)) return platformEndpoint(lab, tenant)
  const way = wayOfAll(profiles)
  if (way === 'xds') return zoneEndpoint(lab, tenant, input.text('zone'))
  const kds = kdsOf(lab, tenant)
  return { ...kds, api: way === 'rest' ? await usersApi(lab, tenant) : apiOf(lab, tenant), ...selecting(lab, tenant) }
}

/** The control plane is one that the run makes, unless `--tenant` names one. */
function platformEndpoint(lab: LabAccess, tenant: string | undefined): Endpoint {
  const { spec } = lab.view
  if (spec.auth !== 'sat') {
    const text = `lab "${lab.paths.name}" lets zones in by ${spec.auth}, not by access tokens; make one with: zonelab up --auth sat`
    throw new AppError('invalid-argument', text)
  }
  const { url, region, adminTokenFile, otherAdminTokenFile } = platformPlace(lab.view, tenant)
  const platform = {
    url,
    region,
    userToken: readTokenFile(adminTokenFile, "the admin token of the lab's platform"),
    otherUserToken: readTokenFile(otherAdminTokenFile, 'the admin token of its other organisation'),
    placing: placedOn(shardOf(lab.view, tenant)),
    ...trustFor(lab, url),
  }
  return { ...kdsOf(lab, tenant), platform, ...(tenant !== undefined && selecting(lab, tenant)) }
}

function zoneEndpoint(lab: LabAccess, tenant: string | undefined, name: string | undefined): Endpoint {
  const { components, spec } = lab.view
  const zone = components.find(
    (one) =>
      one.kind === 'zone' &&
      one.state !== 'external' &&
      (name === undefined || one.name === name) &&
      (tenant === undefined || one.tenant === tenant),
  )
  const { xds, bootstrap } = zone?.endpoints ?? {}
  if (zone === undefined || xds === undefined || bootstrap === undefined) {
    throw new AppError('not-found', `lab "${lab.paths.name}" runs no zone${name === undefined ? '' : ` ${name}`}`)
  }
  const caPem = readFileSync(lab.paths.caFile, 'utf8')
  return {
    address: new URL(xds).host,
    trust: { kind: 'ca', caPem },
    api: ownApi(zone),
    bootstrap: { url: bootstrap, userToken: undefined, caPem },
    ...(spec.global.kind === 'own' && { zoneTokenApi: apiOf(lab, zone.tenant) }),
  }
}

function ownApi({ endpoints, adminTokenFile, name }: ComponentView): ApiEndpoint {
  const userToken = adminTokenFile && readTokenFile(adminTokenFile, `the admin token of ${name}`)
  return { url: endpoints.api ?? '', userToken }
}

/** The API of a control plane as the lab's admin; the platform's relay of it, where there is a platform. */
function apiOf(lab: LabAccess, tenant: string | undefined): ApiEndpoint {
  const { url, base, adminTokenFile: file } = apiPlace(lab.view, globalOf(lab.view, tenant), tenant)
  const userToken = file && readTokenFile(file, 'the admin token of the lab')
  return { url: `${url}${base}`, userToken, ...trustFor(lab, url) }
}

function trustFor(lab: LabAccess, url: string): { readonly caPem?: string } {
  return url.startsWith('https:') ? { caPem: readFileSync(lab.paths.caFile, 'utf8') } : {}
}

/** User tokens open the global itself: behind a platform the admin's is a secret of the control plane. */
async function usersApi(lab: LabAccess, tenant: string | undefined): Promise<ApiEndpoint> {
  const global = globalOf(lab.view, tenant)
  const { controlPlane, base } = apiPlace(lab.view, global, tenant)
  const relayed = apiOf(lab, tenant)
  if (controlPlane === undefined) return relayed
  const secret = await new TargetApi(relayed).get(`/global-secrets/${ADMIN_USER_TOKEN.name}`)
  const userToken = Buffer.from(String(secret?.data ?? ''), 'base64').toString()
  return { url: `${global.endpoints.api}${base}`, userToken }
}

function kdsOf(lab: LabAccess, tenant: string | undefined): { readonly address: string; readonly trust: ClientTrust } {
  const { kds } = globalOf(lab.view, tenant).endpoints
  if (kds === undefined) throw new AppError('unavailable', `lab "${lab.paths.name}" has no global that runs`)
  const { host, protocol } = new URL(kds)
  if (protocol === 'grpc:') return { address: host, trust: { kind: 'plaintext' } }
  return { address: host, trust: { kind: 'ca', caPem: readFileSync(lab.paths.caFile, 'utf8') } }
}

/** The header that selects it, in a lab that has several. */
function selecting(lab: LabAccess, tenant: string | undefined): Pick<Endpoint, 'cpId'> {
  const { controlPlane } = apiPlace(lab.view, globalOf(lab.view, tenant), tenant)
  return controlPlane === undefined ? {} : { cpId: { header: CP_ID_HEADER, id: controlPlane } }
}
