import { AppError, type AppErrorOptions } from '../base/errors.js'

/** The database cannot do it now. The message names it, for logs and operators: where it is is nothing for callers to know. */
export class DatabaseAway extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('unavailable', message, options)
    this.name = 'DatabaseAway'
  }
}
