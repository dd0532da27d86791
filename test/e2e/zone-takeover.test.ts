import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { PortAllocator } from '../../src/lab/ports.js'
import type { JsonObject } from '../../src/model/json.js'
import {
  Api,
  ControlPlanes,
  dataplane,
  eventually,
  MESH_TIMEOUTS,
  timeout,
  whenNamed,
} from '../integration/kds/control-planes.js'
import { describePostgres } from '../support/postgres.js'
import { buildProgram } from './program.js'

/** A zone of two processes over one database: what the leading one does, the other goes on with when that one is killed. */
describePostgres('a zone whose leading process is killed', (subject) => {
  const processes: ChildProcess[] = []
  let planes: ControlPlanes
  beforeAll(buildProgram, 150_000)
  afterEach(async () => {
    for (const child of processes.splice(0)) {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGKILL')
      await ended
    }
    await planes.close()
  })

  test('is connected again by the other one, which makes what a zone makes', { timeout: 180_000 }, async () => {
    planes = new ControlPlanes()
    const global = await planes.global()
    const { appUrl } = await subject.database()
    const ports = new PortAllocator({ host: '127.0.0.1', place: planes.directory, reserved: [] })
    const run = async () => {
      const port = await ports.next()
      const free = ['api-https', 'diagnostics', 'dp-server', 'bootstrap'].flatMap((name) => [`--${name}-port`, '0'])
      const flags = ['--zone-name', 'west', '--global-address', global.address, '--store', appUrl]
      const args = ['zone', 'run', ...flags, '--api-http-port', String(port), ...free, '--zone-proxy', 'false']
      const child = spawn(process.execPath, [resolve('dist/cli/main.js'), ...args], { stdio: 'ignore' })
      processes.push(child)
      return { child, api: new Api(port) }
    }
    const zones = [await run(), await run()]
    const idOf = ({ api }: { api: Api }) =>
      eventually('it serves', async () => {
        const answer = await api.get('/').catch(() => undefined)
        return answer?.body.instanceId as string | undefined
      })
    const ids = await Promise.all(zones.map(idOf))
    /** The instance that the global has a stream of. */
    const connected = async () => {
      const { body } = await global.api.get('/zones/west/_overview')
      const { subscriptions = [] } = (body.zoneInsight ?? {}) as { subscriptions?: readonly JsonObject[] }
      const open = subscriptions.filter(({ disconnectTime }) => disconnectTime === undefined)
      return open.length === 1 ? (open[0]?.zoneInstanceId as string) : undefined
    }
    const first = await eventually('one is connected', connected)
    const [leading, following] = ids[0] === first ? zones : [...zones].reverse()
    if (!leading || !following) throw new Error('there are two')
    await whenNamed(leading.api, '/meshes', 'default')
    await leading.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1', 'one'))
    await whenNamed(following.api, '/meshes/default/meshservices', 'one')

    leading.child.kill('SIGKILL')
    const second = await eventually('the other is connected', async () => {
      const now = await connected()
      return now === first ? undefined : now
    })
    expect(ids).toContain(second)
    await global.api.put(`${MESH_TIMEOUTS}/later`, timeout('later'))
    await whenNamed(following.api, MESH_TIMEOUTS, 'later')
    await following.api.put('/meshes/default/dataplanes/dp-2', dataplane('dp-2', 'two'))
    await whenNamed(following.api, '/meshes/default/meshservices', 'two')
    await whenNamed(global.api, '/meshes/default/meshservices', 'two')
    const terms = await subject.run(`SELECT term::int FROM zonelab.leader WHERE role = 'zone/west'`, appUrl)
    expect(terms[0]?.term).toBeGreaterThan(1)
  })
})
