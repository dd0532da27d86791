import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Application, call } from './support/application.js'
import { certificateOf } from './support/certificate.js'
import { Child } from './support/child.js'
import { DATAPLANES, dataplane } from './support/documents.js'
import { eventually } from './support/eventually.js'
import { freePort } from './support/free-ports.js'
import { describeWith, pathOf } from './support/peers.js'
import { World } from './support/world.js'

describeWith(['KUMA_DP', 'ENVOY'], 'a real kuma-dp on our zone', () => {
  const world = new World()
  afterAll(() => world.stop())

  test('with a dataplane token it registers its Dataplane, runs its Envoy, and takes the Dataplane with it', async () => {
    const zone = await world.zone('zone-1', `grpc://127.0.0.1:${(await world.global()).endpoints.kds}`, {
      KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE: 'dpToken',
      KUMA_RUNTIME_UNIVERSAL_DATAPLANE_DEREGISTRATION_SECONDS: '1',
    })
    await eventually(10_000, () => zone.rest.get('/meshes/default'))
    const asked = JSON.stringify({ name: 'backend-1', mesh: 'default', validFor: '1h' })
    const token = await eventually(10_000, async () => {
      const { status, text } = await zone.rest.send('POST', '/tokens/dataplane', asked)
      expect(status, text).toBe(200)
      return text
    })
    const application = await Application.start(world, 'backend')
    const [port, adminPort, readinessPort] = [await freePort(), await freePort(), await freePort()]
    const dir = world.path('kuma-dp')
    mkdirSync(dir)
    writeFileSync(`${dir}/token`, token, { mode: 0o600 })
    writeFileSync(`${dir}/ca.pem`, await certificateOf(zone.endpoints.bootstrap))
    const document = dataplane({
      name: 'backend-1',
      workload: 'backend',
      port,
      servicePort: application.port,
      adminPort,
    })
    writeFileSync(`${dir}/dataplane.yaml`, stringify(document))
    const child = new Child({
      program: pathOf('KUMA_DP'),
      args: [
        'run',
        `--cp-address=https://127.0.0.1:${zone.endpoints.bootstrap}`,
        `--ca-cert-file=${dir}/ca.pem`,
        `--binary-path=${pathOf('ENVOY')}`,
        `--dataplane-file=${dir}/dataplane.yaml`,
        `--dataplane-token-file=${dir}/token`,
        '--dns-enabled=false',
        '--concurrency=1',
        `--work-dir=${dir}`,
      ],
      env: { HOME: dir, KUMA_READINESS_PORT: String(readinessPort), KUMA_DATAPLANE_DRAIN_TIME: '1s' },
      logFile: `${dir}/log`,
    })
    world.onStop(() => child.stop())
    await eventually(15_000, async () => {
      expect(child.running, child.log().slice(-3_000)).toBe(true)
      expect((await zone.rest.get(`${DATAPLANES}/backend-1`)).labels['kuma.io/workload']).toBe('backend')
      expect(await call(port)).toMatchObject({ status: 200, body: 'backend' })
    })
    const { dataplaneInsight } = await zone.rest.get(`${DATAPLANES}/backend-1/_overview`)
    const { version, status } = dataplaneInsight.subscriptions.at(-1)
    expect(version.kumaDp.version).toContain('3.0.0')
    expect(status.total.responsesRejected).toBeUndefined()
    await child.stop()
    await eventually(10_000, () => zone.rest.missing(`${DATAPLANES}/backend-1`))
  })
})
