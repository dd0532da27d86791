import type { FastifyBaseLogger } from 'fastify'
import type { Logger } from '../../base/log.js'

/** Fastify's logger over ours. Its own lines are few, because requests are not logged. */
export function fastifyLogger(log: Logger): FastifyBaseLogger {
  return {
    level: 'info',
    fatal: write((message, fields) => log.error(message, fields)),
    error: write((message, fields) => log.error(message, fields)),
    warn: write((message, fields) => log.warn(message, fields)),
    info: write((message, fields) => log.debug(message, fields)),
    debug: write((message, fields) => log.debug(message, fields)),
    trace() {},
    silent() {},
    child: (bindings) => fastifyLogger(log.child(withoutExchange(bindings))),
  }
}

/** pino's calling convention: `(message)`, `(error, message)` or `(fields, message)`. */
function write(line: Logger['info']): (first: unknown, message?: unknown) => void {
  return (first, message) => {
    if (typeof first === 'string') line(first)
    else if (first instanceof Error) line(String(message ?? first.message), { error: first })
    else line(String(message ?? ''), withoutExchange(first as Readonly<Record<string, unknown>>))
  }
}

/** Requests and replies hold credentials and are not ours to print. */
function withoutExchange(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { req: _req, res: _res, ...rest } = fields
  return rest
}
