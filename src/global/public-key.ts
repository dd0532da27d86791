import { createPrivateKey, createPublicKey } from 'node:crypto'
import { AppError } from '../base/errors.js'
import { canonicalJson, isJsonObject, type JsonText, parseJson } from '../model/json.js'

/**
 * The public half of a signing key's secret, as zones get it: PKCS#1 PEM (kuma `pkg/util/rsa`). Accepts a PKCS#1 or
 * PKCS#8 PEM, or raw DER PKCS#1. Throws `invalid-resource` when the secret holds no RSA key; the key itself is never shown.
 */
export function publicKeyOfSecret(secret: JsonText): JsonText {
  const parsed = parseJson(secret)
  const data =
    isJsonObject(parsed) && typeof parsed.data === 'string' ? Buffer.from(parsed.data, 'base64') : Buffer.alloc(0)
  try {
    const isPem = data.subarray(0, 10).toString('latin1').startsWith('-----')
    const key = createPrivateKey(isPem ? { key: data, format: 'pem' } : { key: data, format: 'der', type: 'pkcs1' })
    const pem = createPublicKey(key).export({ type: 'pkcs1', format: 'pem' })
    return canonicalJson({ data: Buffer.from(pem).toString('base64') })
  } catch (cause) {
    throw new AppError('invalid-resource', 'a zone token signing key holds no RSA private key; replace the secret', {
      cause,
    })
  }
}
