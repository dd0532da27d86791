import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'
import type { LogFields, Logger } from './log.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** JSON lines on the given file descriptor (default: standard error, so that standard output stays the command's). */
export function pinoLogger(options: { level: LogLevel; fd?: number; fields?: LogFields }): Logger {
  const destination = pino.destination({ fd: options.fd ?? 2, sync: true })
  // A line that cannot be written (a full disk) is lost; the process that wanted to say it goes on.
  destination.on('error', () => {})
  const root = pino(
    {
      level: options.level,
      base: { ...options.fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
      redact: { paths: ['authorization', '*.authorization', 'token', '*.token'], censor: '*****' },
    },
    destination,
  )
  return wrap(root)
}

function wrap(log: PinoLogger): Logger {
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
    child: (fields) => wrap(log.child(fields)),
  }
}
