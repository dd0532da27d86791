import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { at, each, REASON, violation } from './rules.js'

export const meshTrustSchema = z.object({
  trustDomain: z.string().max(253),
  caBundles: z.array(z.object({ type: z.enum(['Pem']), pem: z.object({ value: z.string() }).optional() })).min(1),
})
export type MeshTrustSpec = z.infer<typeof meshTrustSchema>

export function checkMeshTrust({ trustDomain, caBundles }: MeshTrustSpec): Violation[] {
  return at('spec', [
    ...each('caBundles', caBundles, ({ pem }) => {
      if (pem === undefined) return violation('pem', REASON.defined)
      return isCertificate(pem.value) ? [] : violation('pem.value', 'provided certificate has incorrect format')
    }),
    ...(trustDomain === '' ? violation('trustDomain', 'trustDomain needs to be defined') : []),
  ])
}

const PEM_BLOCK = /-----BEGIN ([^\n-]+)-----\r?\n([\s\S]*?)-----END \1-----/

/** PEM of anything but a private key: a key in a trust bundle would be sent to every peer. */
function isCertificate(text: string): boolean {
  const [, label = '', body = ''] = PEM_BLOCK.exec(text) ?? []
  if (label === '' || label.endsWith('PRIVATE KEY')) return false
  return /^[A-Za-z0-9+/=\s]*$/.test(body)
}
