import { z } from 'zod'
import { readTokenFile } from '../auth/token-file.js'
import { AppError } from '../base/errors.js'

/** A global deployment that holds control planes, as the manager reaches it. */
export interface Shard {
  readonly name: string
  readonly region: string
  /** `http(s)://host:port` of its REST API; of several instances all, of one scheme. */
  readonly apis: readonly string[]
  /** `grpc(s)://host:port` where its zones dial, comma-separated. */
  readonly sync: string
  /** What the two prove themselves to each other with. */
  readonly token: string
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/** URLs of one scheme, comma-separated. */
function addresses(protocol: RegExp) {
  const url = z.url({ protocol })
  return z.string().refine(
    (text) => {
      const all = text.split(',')
      return (
        all.every((one) => url.safeParse(one).success) && new Set(all.map((one) => new URL(one).protocol)).size === 1
      )
    },
    { error: 'expected comma-separated URLs of one scheme' },
  )
}

const shardsSchema = z.array(
  z.strictObject({
    name: z.string().regex(NAME),
    region: z.string().regex(NAME),
    api: addresses(/^https?$/),
    sync: addresses(/^grpcs?$/),
    tokenFile: z.string().min(1),
  }),
)

/** Reads the setting and the token files that it names. Throws `invalid-argument`. */
export function readShards(setting: string): readonly Shard[] {
  let value: unknown
  try {
    value = JSON.parse(setting)
  } catch (cause) {
    throw new AppError('invalid-argument', 'shards: expected a JSON array', { cause })
  }
  const parsed = shardsSchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AppError('invalid-argument', `shards: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  return parsed.data.map(({ tokenFile, api, ...shard }) => ({
    ...shard,
    apis: api.split(','),
    token: readTokenFile(tokenFile, `the token of shard ${shard.name}`),
  }))
}
