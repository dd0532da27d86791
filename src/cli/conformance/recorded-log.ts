import type { LogFields, Logger } from '../../base/log.js'

/** What a target has logged, for the cases that look. */
export class RecordedLog implements Logger {
  readonly #lines: string[]
  readonly #fields: LogFields

  constructor(lines: string[] = [], fields: LogFields = {}) {
    this.#lines = lines
    this.#fields = fields
  }

  get text(): string {
    return this.#lines.join('\n')
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields)
  }

  child(fields: LogFields): Logger {
    return new RecordedLog(this.#lines, { ...this.#fields, ...fields })
  }

  #write(level: string, message: string, fields: LogFields = {}): void {
    this.#lines.push(JSON.stringify({ level, message, ...this.#fields, ...fields }))
  }
}
