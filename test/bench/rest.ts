import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** A policy as a global's REST API takes it. */
export interface PolicyBody {
  readonly name: string
  readonly body: string
}

/** Writes a MeshTimeout; resolves when it is accepted. */
export function write(port: number, { name, body }: PolicyBody): Promise<void> {
  const options = {
    agent,
    port,
    host: '127.0.0.1',
    method: 'PUT',
    path: `/meshes/default/meshtimeouts/${name}`,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  }
  return new Promise((resolve, reject) => {
    const call = request(options, (response) => {
      response.resume()
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve()
        else reject(new Error(`a write was answered by ${response.statusCode}`))
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}
