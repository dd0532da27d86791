import { parsePrivateKey, publicKeyPem } from '../auth/rsa-key.js'
import { canonicalJson, isJsonObject, type JsonText, parseJson } from '../model/json.js'

/** The public half of a signing key's secret, as zones get it: PKCS#1 PEM. Throws `invalid-argument` when it holds no usable key. */
export function publicKeyOfSecret(secret: JsonText): JsonText {
  const parsed = parseJson(secret)
  const data = isJsonObject(parsed) && typeof parsed.data === 'string' ? parsed.data : ''
  const pem = publicKeyPem(parsePrivateKey(Buffer.from(data, 'base64')))
  return canonicalJson({ data: Buffer.from(pem).toString('base64') })
}
