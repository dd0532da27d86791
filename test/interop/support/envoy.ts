import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { Child } from './child.js'
import { freePort } from './free-ports.js'
import { pathOf } from './peers.js'
import { type Loose, Rest } from './rest.js'
import type { World } from './world.js'

export interface EnvoyOptions {
  /** The Dataplane of mesh `default` whose proxy this is; its `networking.admin.port` is `adminPort`. */
  readonly name: string
  readonly adminPort: number
  /** Where `POST /bootstrap` is answered. */
  readonly bootstrapPort: number
}

const OLD: ReadonlySet<string> = new Set(['draining_state', 'static_route_configs'])

/** A real Envoy, configured as kuma-dp would: bootstrap from the zone, everything else over ADS. */
export class Envoy {
  readonly admin: Rest
  readonly child: Child

  private constructor(child: Child, adminPort: number) {
    this.child = child
    this.admin = new Rest(adminPort)
  }

  static async start(world: World, { name, adminPort, bootstrapPort }: EnvoyOptions): Promise<Envoy> {
    const { status, body } = await postBootstrap(bootstrapPort, bootstrapRequest(name, adminPort, await freePort()))
    if (status !== 200) throw new Error(`bootstrap of ${name}: ${status} ${body}`)
    const file = `${world.path(name)}.yaml`
    writeFileSync(file, Buffer.from(JSON.parse(body).bootstrap, 'base64'))
    const child = new Child({
      program: pathOf('ENVOY'),
      args: ['-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning'],
      env: {},
      logFile: `${file}.log`,
    })
    world.onStop(() => child.stop())
    return new Envoy(child, adminPort)
  }

  /** Counters and gauges whose name matches. */
  async stats(filter: string): Promise<Record<string, number>> {
    const { stats } = await this.admin.get(`/stats?format=json&filter=${encodeURIComponent(filter)}`)
    return Object.fromEntries(stats.flatMap(({ name, value }: Loose) => (name === undefined ? [] : [[name, value]])))
  }

  /** How many updates of any kind it has refused. */
  async rejected(): Promise<number> {
    const counts = await this.stats('update_rejected')
    return Object.values(counts).reduce((sum, count) => sum + count, 0)
  }

  /** Names of the clusters and listeners that it holds. */
  async names(): Promise<string[]> {
    const { configs } = await this.admin.get('/config_dump')
    return configs
      .flatMap((part: Loose) => [
        ...(part.dynamic_active_clusters ?? []).map(({ cluster }: Loose) => cluster.name),
        ...(part.dynamic_listeners ?? []).map(({ name }: Loose) => name),
      ])
      .sort()
  }

  /**
   * The configuration in force, as text to look for a value in: without listeners that only finish old requests, nor
   * `static_route_configs`, which repeats the routes of both.
   */
  async dump(): Promise<string> {
    const { configs } = await this.admin.get('/config_dump?include_eds')
    return JSON.stringify(configs, (key, value) => (OLD.has(key) ? undefined : value))
  }
}

function bootstrapRequest(name: string, adminPort: number, readinessPort: number): object {
  const envoy = { version: '1.40.0', build: '', kumaDpCompatible: true }
  const kumaDp = { version: '3.0.0', gitTag: 'v3.0.0', gitCommit: '', buildDate: '' }
  const version = { kumaDp, envoy }
  return { mesh: 'default', name, proxyType: 'dataplane', version, adminPort, readinessPort, features: [], workdir: '' }
}

/** The zone's certificate is its own: not verified here, nor by the Envoy, which is given no CA. */
function postBootstrap(port: number, body: object): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const options = { host: '127.0.0.1', port, path: '/bootstrap', method: 'POST', headers, rejectUnauthorized: false }
    const call = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
    })
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
}
