import { AppError } from '../../base/errors.js'
import { type HostnameTemplate, parseTemplate, renderTemplate } from '../../model/hostname-template.js'
import { LABEL } from '../../model/labels.js'
import { type Resource, specOf } from '../../model/resource.js'
import type { MeshIdentitySpec } from '../../model/specs/mesh-identity.js'

/** Kuma's defaults (`meshidentity/api/v1alpha1/helpers.go`), the path's for Universal. */
const DEFAULT_TRUST_DOMAIN = '{{ .Mesh }}.{{ .Zone }}.mesh.local'
const DEFAULT_PATH = '/workload/{{ .Workload }}'

const SERVICE_ACCOUNT = 'k8s.kuma.io/service-account'

/** SPIFFE-ID §2.1 and §2.2: the letters of a trust domain, and of a path's segments, none of which is empty. */
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/

/** The trust domain whose authority a MeshIdentity is in this zone. Throws `invalid-argument`. */
export function trustDomainOf(identity: Resource, zone: string): string {
  const trustDomain = renderTemplate(templatesOf(identity).trustDomain, {
    fields: { Mesh: identity.mesh ?? '', Zone: identity.labels[LABEL.zone] || zone },
    label: (key) => identity.labels[key],
  })
  if (TRUST_DOMAIN.test(trustDomain)) return trustDomain
  throw new AppError(
    'invalid-argument',
    `${JSON.stringify(trustDomain)} can be no trust domain: a-z, 0-9, ".", "-", "_"`,
  )
}

/** The name that a MeshIdentity gives a dataplane in this zone. Throws `invalid-argument`. */
export function spiffeIdOf(identity: Resource, dataplane: Resource, zone: string): string {
  const trustDomain = trustDomainOf(identity, zone)
  const path = renderTemplate(templatesOf(identity).path, {
    fields: {
      TrustDomain: trustDomain,
      Namespace: dataplane.labels[LABEL.namespace] ?? '',
      ServiceAccount: dataplane.labels[SERVICE_ACCOUNT] ?? '',
      Workload: dataplane.labels[LABEL.workload] ?? '',
    },
    label: (key) => dataplane.labels[key],
  })
  if (PATH.test(path)) return `spiffe://${trustDomain}${path}`
  const hint = dataplane.labels[LABEL.workload] ? '' : `; it has no label ${LABEL.workload}`
  throw new AppError(
    'invalid-argument',
    `MeshIdentity ${identity.name} gives Dataplane ${dataplane.name} the path ${JSON.stringify(path)}, which no SPIFFE ID has${hint}`,
  )
}

/** Whether what it calls a dataplane comes from the label of its workload (kuma `UsesWorkloadLabel`). */
export function namesByWorkload(identity: Resource): boolean {
  return templatesOf(identity).path.parts.some(
    (part) =>
      (part.kind === 'field' && part.field === 'Workload') || (part.kind === 'label' && part.key === LABEL.workload),
  )
}

interface Templates {
  readonly trustDomain: HostnameTemplate
  readonly path: HostnameTemplate
}

const templates = new WeakMap<Resource, Templates>()

/** Parsed once per MeshIdentity; a changed one is another value. */
function templatesOf(identity: Resource): Templates {
  let parsed = templates.get(identity)
  if (!parsed) {
    const { trustDomain = DEFAULT_TRUST_DOMAIN, path = DEFAULT_PATH } =
      specOf<MeshIdentitySpec>(identity).spiffeID ?? {}
    parsed = { trustDomain: parseTemplate(trustDomain), path: parseTemplate(path) }
    templates.set(identity, parsed)
  }
  return parsed
}
