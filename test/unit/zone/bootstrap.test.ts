import { beforeEach, describe, expect, test } from 'vitest'
import type { DataplaneAuthenticator } from '../../../src/auth/dataplane-authenticator.js'
import { AppError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/log.js'
import type { Json } from '../../../src/model/json.js'
import { HttpServer } from '../../../src/transport/http/server.js'
import { addBootstrap } from '../../../src/zone/bootstrap.js'
import { draft, put } from '../../support/resource-builder.js'
import { brought, ZoneLab } from './zone-lab.js'

let lab: ZoneLab

beforeEach(async () => {
  lab = await new ZoneLab().start()
  await lab.store.commit([put(draft('Dataplane', 'dp-1', { spec: { networking: { address: '127.0.0.1' } } }))])
})

const REQUEST = { mesh: 'default', name: 'dp-1', dataplaneToken: 'token', adminPort: 9901 }

interface Given {
  readonly accept?: string
  readonly tokenRequired?: boolean
  readonly authenticate?: DataplaneAuthenticator['authenticate']
}

async function post(
  payload: Json | string,
  { accept, tokenRequired = true, authenticate = async () => {} }: Given = {},
) {
  const server = new HttpServer({
    name: 'b',
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    clock: lab.clock,
    log: silentLogger,
  })
  const { store, lifecycle } = lab
  addBootstrap(server.fastify, {
    store,
    lifecycle,
    authenticator: { authenticate },
    tokenRequired,
    caPem: 'CA',
    xdsPort: () => 5678,
  })
  const headers = { 'content-type': 'application/json', host: 'zone.local:5677', ...(accept && { accept }) }
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return server.fastify.inject({ method: 'POST', url: '/bootstrap', headers, payload: body })
}

/** dataplane.md §1.2: kuma-dp tries again after 404 and 500 and gives up after the others. */
describe('asking for a bootstrap', () => {
  test('gives YAML, or JSON with it inside', async () => {
    const yaml = await post(REQUEST)
    expect([yaml.statusCode, yaml.headers['content-type']]).toEqual([200, 'text/x-yaml'])
    expect(yaml.body).toContain('default.dp-1')
    const json = await post(REQUEST, { accept: 'application/json' })
    expect(Buffer.from(json.json().bootstrap, 'base64').toString()).toBe(yaml.body)
    expect(json.json().kumaSidecarConfiguration.networking).toEqual({ address: '127.0.0.1' })
  })

  test('with a Dataplane of its own makes none yet: that is for the stream to do', async () => {
    const answer = await post({ ...REQUEST, name: 'dp-2', dataplaneResource: JSON.stringify(brought('dp-2')) })
    expect([answer.statusCode, await lab.names('Dataplane')]).toEqual([200, ['dp-1']])
  })

  const refuse = (code: 'unauthenticated' | 'permission-denied' | 'unavailable'): Given => ({
    authenticate: () => Promise.reject(new AppError(code, 'no')),
  })

  test.each<[string, Json | string, Given, number, RegExp]>([
    ['for a Dataplane that is not there yet', { ...REQUEST, name: 'dp-9' }, {}, 404, /^$/],
    ['without a token where one is needed', { ...REQUEST, dataplaneToken: '' }, {}, 422, /Dataplane Token is required/],
    ['with a token that does not hold', REQUEST, refuse('unauthenticated'), 422, /no/],
    ['with a token for another Dataplane', REQUEST, refuse('permission-denied'), 422, /no/],
    ['while the keys cannot be known', REQUEST, refuse('unavailable'), 500, /^$/],
    [
      'with a Dataplane that is another’s',
      { ...REQUEST, dataplaneResource: JSON.stringify(brought('dp-2')) },
      {},
      422,
      /its resource is/,
    ],
    ['with a Dataplane that is no JSON', { ...REQUEST, dataplaneResource: 'no' }, {}, 422, /not JSON/],
    ['for a proxy that is no dataplane', { ...REQUEST, proxyType: 'ingress' }, {}, 500, /^$/],
    ['without a name', { mesh: 'default' }, {}, 400, /^$/],
    ['that is no JSON', '{', {}, 400, /^$/],
  ])('%s', async (_what, payload, given, status, body) => {
    const answer = await post(payload, given)
    expect([answer.statusCode, answer.body]).toEqual([status, expect.stringMatching(body)])
  })

  test('without a token is fine where none is needed', async () => {
    expect((await post({ ...REQUEST, dataplaneToken: '' }, { tokenRequired: false })).statusCode).toBe(200)
  })
})
