import { createPrivateKey, type KeyObject } from 'node:crypto'
import { parsePrivateKey } from '../auth/rsa-key.js'
import { type KeyPlace, keyOfKid, kidOfName, serialOfKid } from '../auth/token-secrets.js'
import { AppError } from '../base/errors.js'
import { isJsonObject, type JsonObject } from '../model/json.js'
import type { TargetApi } from './target-api.js'

/** Signing keys of a target as its API hands them to an admin. */

export interface StoredKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** The newest key of a place. Throws `not-found` when there is none, and what the API throws. */
export async function readSigningKey(api: TargetApi, place: KeyPlace): Promise<StoredKey> {
  const list = await api.get(`${collectionOf(place)}?size=1000`)
  const items = Array.isArray(list?.items) ? list.items : []
  const kids = items.flatMap((item) => {
    const name = isJsonObject(item) && typeof item.name === 'string' ? kidOfName(place, item.name) : undefined
    return name === undefined ? [] : [name]
  })
  const kid = kids.sort((a, b) => serialOfKid(b) - serialOfKid(a))[0]
  if (kid === undefined) throw new AppError('not-found', `the API has no ${place.prefix}`)
  return { kid, privateKey: storedKeyOf((await api.get(secretPath(place, kid))) ?? {}) }
}

/** Of a secret as the API shows it. Throws `invalid-argument` when it holds no key. */
export function storedKeyOf({ data }: JsonObject): KeyObject {
  return parsePrivateKey(Buffer.from(String(data ?? ''), 'base64'))
}

/** Makes it a key of the target; returns it for signing. */
export async function putSigningKey(api: TargetApi, place: KeyPlace, kid: string, pem: string): Promise<KeyObject> {
  const { name } = keyOfKid(place, kid)
  await api.put(secretPath(place, kid), { type: 'GlobalSecret', name, data: Buffer.from(pem).toString('base64') })
  return createPrivateKey(pem)
}

export function secretPath(place: KeyPlace, kid: string): string {
  return `${collectionOf(place)}/${keyOfKid(place, kid).name}`
}

function collectionOf({ mesh }: KeyPlace): string {
  return mesh === undefined ? '/global-secrets' : `/meshes/${mesh}/secrets`
}
