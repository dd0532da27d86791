import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { decodeEvents } from '../wire/admission-events.js'
import type { AdmissionFeeds } from './admission-feeds.js'
import { sameSecret } from './secrets.js'
import type { Shard } from './shards.js'
import type { ZoneEvents } from './zone-events.js'

export interface ShardRoutesOptions {
  readonly shards: readonly Shard[]
  readonly feeds: AdmissionFeeds
  readonly events: ZoneEvents
  /** A global reads its feed from now on: what it told while nobody listened may be lost. */
  readonly onReader: (shard: string) => void
  readonly log: Logger
}

/** A global that does not keep up loses its connection rather than our memory; the whole state of 10,000 zones is some 4 MB. */
const BUFFERED_BYTES_MAX = 64 * 1024 * 1024

/** What global deployments ask of their manager, each with its own token. */
export function shardRoutes(fastify: FastifyInstance, options: ShardRoutesOptions, done: () => void): void {
  fastify.addHook('onRequest', async (request, reply) => {
    if (shardOf(request, options.shards)) return undefined
    return reply.code(401).type('text/plain').send("401: this path needs the shard's token")
  })
  fastify.get('/internal/shards/:shard/feed', (request, reply) => stream(request, reply, options))
  fastify.post('/internal/shards/:shard/events', (request, reply) => take(request, reply, options))
  done()
}

/** An unknown shard and a wrong token look the same. */
function shardOf({ params, headers }: FastifyRequest, shards: readonly Shard[]): Shard | undefined {
  const { shard: name } = params as { shard?: string }
  const shard = shards.find((candidate) => candidate.name === name)
  return shard && sameSecret(headers.authorization ?? '', `Bearer ${shard.token}`) ? shard : undefined
}

/** One JSON object a line, for as long as the reader stays. */
async function stream(request: FastifyRequest, reply: FastifyReply, options: ShardRoutesOptions): Promise<void> {
  const { shard = '' } = request.params as { shard?: string }
  const { raw } = reply
  reply.hijack()
  raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  raw.flushHeaders()
  const sink = {
    write: (text: string) => {
      if (raw.writableLength > BUFFERED_BYTES_MAX) raw.destroy()
      else raw.write(text)
    },
  }
  try {
    const close = await options.feeds.open(shard, sink)
    if (raw.destroyed) close()
    else raw.on('close', close)
    options.onReader(shard)
  } catch (thrown) {
    options.log.error('a feed could not be opened', { shard, error: AppError.from(thrown) })
    raw.destroy()
  }
}

async function take(request: FastifyRequest, reply: FastifyReply, options: ShardRoutesOptions): Promise<FastifyReply> {
  const { shard = '' } = request.params as { shard?: string }
  try {
    const events = decodeEvents(JSON.parse(String(request.body)))
    await options.events.take(shard, events)
    return reply.code(204).send()
  } catch (thrown) {
    const error =
      thrown instanceof SyntaxError ? new AppError('undecodable', 'the body is not JSON') : AppError.from(thrown)
    options.log.warn('events of a shard were not taken', { shard, code: error.code, error })
    return reply.code(error.description.http).type('text/plain').send(error.message)
  }
}
