import { apiPlace } from '../lab/lab-clients.js'
import type { ComponentView, LabView } from '../lab/lab-view.js'

/** The line that makes kumactl speak to a control plane of the lab; undefined where the lab could give no access. */
export function kumactlLine(view: LabView, component: ComponentView, tenant: string): string | undefined {
  if (component.endpoints.api === undefined || component.adminTokenFile === undefined) return undefined
  const { url, base, controlPlane, adminTokenFile } = apiPlace(view, component, tenant)
  const several = view.spec.topology.tenants.length > 1
  const name = [
    view.lab,
    ...(controlPlane !== undefined && several ? [tenant] : []),
    ...(component.kind === 'global' ? [] : [component.name]),
  ]
  // kumactl's first look sends its headers and no token: a platform wants to know who looks, a control plane does not.
  const token = `$(cat ${adminTokenFile})`
  const auth =
    controlPlane === undefined
      ? `--auth-type=tokens --auth-conf token=${token}`
      : `--headers "authorization=Bearer ${token}"`
  const trust = url.startsWith('https:') && view.caFile !== undefined ? ` --ca-cert-file ${view.caFile}` : ''
  return `kumactl config control-planes add --name ${name.join('-')} --address ${url}${base}${trust} ${auth} --overwrite`
}
