import { type ComponentView, type LabView, tenantTokenFile } from '../lab/lab-view.js'

/** The line that makes kumactl speak to a control plane of the lab; undefined where the lab could give no access. */
export function kumactlLine(view: LabView, component: ComponentView, tenant: string): string | undefined {
  const { api } = component.endpoints
  if (api === undefined || component.adminTokenFile === undefined) return undefined
  const inTenant = component.kind === 'global' && view.spec.topology.tenants.length > 1
  const base = inTenant ? `/v1/mesh/control-planes/${tenant}/api` : ''
  const file = inTenant ? tenantTokenFile(component.adminTokenFile, tenant) : component.adminTokenFile
  const name = [view.lab, ...(inTenant ? [tenant] : []), ...(component.kind === 'global' ? [] : [component.name])]
  const auth = `--auth-type=tokens --auth-conf token=$(cat ${file})`
  return `kumactl config control-planes add --name ${name.join('-')} --address ${api}${base} ${auth} --overwrite`
}
