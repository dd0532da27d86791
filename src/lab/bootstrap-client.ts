import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { AppError } from '../base/errors.js'

/** What kuma-dp asks a zone before it starts Envoy (kuma `pkg/xds/bootstrap/types`). */
export interface BootstrapQuestion {
  readonly mesh: string
  readonly name: string
  readonly dataplaneToken: string
  /** The Dataplane as JSON text. */
  readonly dataplaneResource: string
  /** PEM. */
  readonly caCert: string
  readonly readinessPort: number
}

/** Envoy's bootstrap as YAML. Throws `unavailable`, or `invalid-argument` with what the zone said. */
export function askBootstrap(url: string, caFile: string, question: BootstrapQuestion): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}/bootstrap`,
      {
        method: 'POST',
        ca: readFileSync(caFile),
        headers: { 'content-type': 'application/json', accept: 'application/json' },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 200) {
            resolve(Buffer.from((JSON.parse(text) as { bootstrap: string }).bootstrap, 'base64').toString())
          } else {
            const why = text || 'there is no such Dataplane'
            reject(
              new AppError('invalid-argument', `the zone gives no bootstrap (HTTP ${response.statusCode}): ${why}`),
            )
          }
        })
      },
    )
    asked.on('error', (cause) => reject(new AppError('unavailable', `the zone does not answer at ${url}`, { cause })))
    asked.end(JSON.stringify({ proxyType: 'dataplane', ...question }))
  })
}
