import { type Resource, specOf } from '../../model/resource.js'
import type { MeshTrustSpec } from '../../model/specs/mesh-trust.js'
import { typedConfig } from '../../wire/envoy-codec.js'
import type { SecretJson } from '../../wire/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { TRUST_BUNDLE, type WorkloadIdentity } from './tls.js'

/** The proxy's certificate and key. */
export function identitySecret({ secretName, certificateChain, privateKey }: WorkloadIdentity): SecretJson {
  return {
    name: secretName,
    tlsCertificate: {
      certificateChain: { inlineBytes: base64(certificateChain) },
      privateKey: { inlineBytes: base64(privateKey) },
    },
  }
}

/** Certificate authorities by trust domain, from the mesh's MeshTrusts; sorted, so that equal trust has equal text. */
export function trustDomains(trusts: readonly Resource[]): readonly { readonly name: string; readonly ca: string }[] {
  const byDomain = new Map<string, string[]>()
  for (const trust of trusts) {
    const { trustDomain, caBundles } = specOf<MeshTrustSpec>(trust)
    const bundles = caBundles.flatMap(({ pem }) => (pem ? [pem.value] : []))
    byDomain.set(trustDomain, [...(byDomain.get(trustDomain) ?? []), ...bundles])
  }
  return [...byDomain.keys()].sort().map((name) => ({ name, ca: (byDomain.get(name) ?? []).sort().join('\n') }))
}

/** Whom the mesh's proxies trust: each trust domain by its own authorities (SPIFFE). */
export function trustBundleSecret(domains: ReturnType<typeof trustDomains>): SecretJson {
  return {
    name: TRUST_BUNDLE,
    validationContext: {
      customValidatorConfig: {
        name: 'envoy.tls.cert_validator.spiffe',
        typedConfig: typedConfig('SpiffeValidator', {
          trustDomains: domains.map(({ name, ca }) => ({ name, trustBundle: { inlineBytes: base64(ca) } })),
        }),
      },
    },
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
