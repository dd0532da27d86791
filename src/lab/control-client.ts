import { AppError, ERRORS, type ErrorCode } from '../base/errors.js'
import { request } from '../base/node-http.js'
import type { LabView } from './lab-view.js'
import type { ComponentAction } from './supervisor.js'

/** Commands' way to a lab's supervisor. Throws `unavailable` when nobody listens on the socket. */
export class ControlClient {
  readonly #socket: string

  constructor(socket: string) {
    this.#socket = socket
  }

  view(): Promise<LabView> {
    return this.#ask('GET', '/view') as Promise<LabView>
  }

  async act(action: ComponentAction, component: string, tenant: string | undefined): Promise<void> {
    await this.#ask('POST', '/components', { action, component, tenant })
  }

  /** Of a control plane that was deleted nothing is left in the lab. */
  async forget(tenant: string): Promise<void> {
    await this.#ask('POST', '/forgotten-tenants', { tenant })
  }

  async down(): Promise<void> {
    await this.#ask('POST', '/down', {})
  }

  #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const gone = (cause?: unknown) =>
        reject(new AppError('unavailable', 'the lab does not answer: it is not running', { cause }))
      const asked = request({ socketPath: this.#socket, method, path, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', gone)
        response.on('end', () => {
          const answer = JSON.parse(Buffer.concat(chunks).toString()) as { code?: string; message?: string }
          if (response.statusCode === 200) resolve(answer)
          else reject(errorOf(answer))
        })
      })
      asked.on('error', gone)
      asked.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

function errorOf({ code = 'internal', message = '' }: { code?: string; message?: string }): AppError {
  return new AppError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal', message)
}
