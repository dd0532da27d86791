import { type Resource, specOf } from '../../model/resource.js'
import type { MeshTrustSpec } from '../../model/specs/mesh-trust.js'
import { typedConfig } from '../../wire/envoy-codec.js'
import type { SecretJson } from '../../wire/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { Part } from './part.js'
import type { Sidecar } from './sidecar.js'
import { TRUST_BUNDLE, type WorkloadIdentity } from './tls.js'

/** What a proxy shows and whom it trusts; nothing, where the mesh has given it no identity. */
export function secretsPart(sidecar: Sidecar): Part {
  const { identity, context } = sidecar
  if (identity === undefined) return { resources: [], notes: [] }
  const own = sidecar.resource('secret', identity.secretName, sidecar.shared(identity), identitySecret)
  const domains = trustDomains(context.all('MeshTrust', sidecar.depend))
  if (domains.length === 0) return { resources: [own], notes: [] }
  return { resources: [own, sidecar.resource('secret', TRUST_BUNDLE, domains, trustBundleSecret)], notes: [] }
}

/** The proxy's certificate and key. */
function identitySecret(secretName: string, { certificateChain, privateKey }: WorkloadIdentity): SecretJson {
  return {
    name: secretName,
    tlsCertificate: {
      certificateChain: { inlineBytes: base64(certificateChain) },
      privateKey: { inlineBytes: base64(privateKey) },
    },
  }
}

/** Certificate authorities by trust domain, from the mesh's MeshTrusts; sorted, so that equal trust has equal text. */
function trustDomains(trusts: readonly Resource[]): readonly { readonly name: string; readonly ca: string }[] {
  const byDomain = new Map<string, string[]>()
  for (const trust of trusts) {
    const { trustDomain, caBundles } = specOf<MeshTrustSpec>(trust)
    const bundles = caBundles.flatMap(({ pem }) => (pem ? [pem.value] : []))
    byDomain.set(trustDomain, [...(byDomain.get(trustDomain) ?? []), ...bundles])
  }
  return [...byDomain.keys()].sort().map((name) => ({ name, ca: (byDomain.get(name) ?? []).sort().join('\n') }))
}

/** Whom the mesh's proxies trust: each trust domain by its own authorities (SPIFFE). */
function trustBundleSecret(name: string, domains: ReturnType<typeof trustDomains>): SecretJson {
  return {
    name,
    validationContext: {
      customValidatorConfig: {
        name: 'envoy.tls.cert_validator.spiffe',
        typedConfig: typedConfig('SpiffeValidator', {
          trustDomains: domains.map(({ name: domain, ca }) => ({
            name: domain,
            trustBundle: { inlineBytes: base64(ca) },
          })),
        }),
      },
    },
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
