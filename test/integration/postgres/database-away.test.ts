import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { JsonObject } from '../../../src/model/json.js'
import { describePostgres } from '../../support/postgres.js'
import { PostgresProxy } from '../../support/postgres-proxy.js'
import {
  ControlPlanes,
  dataplane,
  eventually,
  MESH_TIMEOUTS,
  type RunningGlobal,
  timeout,
  whenNamed,
  whenOnline,
} from '../kds/control-planes.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describePostgres('a global whose database goes away', (subject) => {
  let planes: ControlPlanes
  let proxy: PostgresProxy
  let global: RunningGlobal
  beforeEach(async () => {
    proxy = new PostgresProxy((await subject.database()).appUrl)
    planes = new ControlPlanes()
    global = await planes.global({ store: await proxy.listen() })
  })
  afterEach(async () => {
    proxy.refusing = false
    await planes.close()
    await proxy.close()
  })

  const goAway = () => {
    proxy.refusing = true
    proxy.cut()
  }
  const ask = async (method: 'GET' | 'PUT', path: string, body?: JsonObject) => {
    const answer = await fetch(`http://127.0.0.1:${global.endpoints.apiHttp}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    await answer.arrayBuffer()
    return [answer.status, answer.headers.get('retry-after')]
  }
  const streams = async () => {
    const text = await (await fetch(`http://127.0.0.1:${global.endpoints.diagnostics}/metrics`)).text()
    return Number(/^kds_delta_streams_active\{[^}]*\} (\d+)/m.exec(text)?.[1])
  }
  const connections = async () => {
    const { body } = await global.api.get('/zones/west/_overview')
    return ((body.zoneInsight ?? {}) as { subscriptions?: readonly JsonObject[] }).subscriptions?.length
  }

  test('answers 503 with Retry-After, keeps its streams, and goes on by itself', async () => {
    const zone = await planes.zone('west', global.address)
    await whenOnline(global.api, 'west')
    await global.api.put(`${MESH_TIMEOUTS}/before`, timeout('before'))
    await whenNamed(zone.api, MESH_TIMEOUTS, 'before')
    goAway()
    expect(await ask('GET', '/meshes')).toEqual([503, expect.stringMatching(/^\d+$/)])
    expect(await ask('PUT', `${MESH_TIMEOUTS}/lost`, timeout('lost'))).toEqual([503, expect.stringMatching(/^\d+$/)])
    await zone.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1'))
    expect(await streams()).toBe(1)
    expect(await zone.api.names(MESH_TIMEOUTS)).toContain('before')

    proxy.refusing = false
    await eventually('writes are taken again', async () => {
      const [status] = await ask('PUT', `${MESH_TIMEOUTS}/after`, timeout('after'))
      return status === 201 || undefined
    })
    await whenNamed(zone.api, MESH_TIMEOUTS, 'after')
    await whenNamed(global.api, '/meshes/default/dataplanes', 'dp-1')
    expect(await global.api.names(MESH_TIMEOUTS)).not.toContain('lost')
    expect(await connections()).toBe(1)
  })
})
