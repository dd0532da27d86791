import { zoneHeaders } from '../wire/metadata.js'
import type { Field } from './call-draft.js'
import type { Endpoint } from './controller.js'

/** What every call of a zone says beside its credential; without `zone-ping-health`, so that nobody watches its health. */
const FEATURES = ['hash-suffix']
const VERSION = '3.0.0'

export interface ZoneFields {
  readonly zone: string
  /** Default: the one that the endpoint selects. */
  readonly controlPlane?: string | undefined
  /** Undefined: no credential. */
  readonly authorization: string | Buffer | undefined
}

/** The metadata of a zone's call to this target. */
export function zoneFields(
  { cpId: own }: Pick<Endpoint, 'cpId'>,
  { zone, controlPlane, authorization }: ZoneFields,
): readonly Field[] {
  const cpId = own && { ...own, id: controlPlane ?? own.id }
  const headers = zoneHeaders({ zone, version: VERSION, features: FEATURES, token: undefined, cpId })
  const plain = Object.entries(headers).flatMap(([name, values]) => values.map((value): Field => [name, value]))
  return authorization === undefined ? plain : [...plain, ['authorization', authorization]]
}
