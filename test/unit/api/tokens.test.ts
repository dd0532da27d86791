import { beforeEach, describe, expect, test } from 'vitest'
import type { TokenIssuer } from '../../../src/api/options.js'
import { AppError } from '../../../src/base/errors.js'
import type { Json } from '../../../src/model/json.js'
import { type ApiLab, apiLab, OTHER_TENANT, STRANGER } from './api-lab.js'

const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000

describe('tokens', () => {
  let lab: ApiLab
  let asked: Json[]

  beforeEach(async () => {
    asked = []
    const issue = (kind: string) => async (store: { tenant: string }, request: object, validForMs: number) => {
      asked.push({ kind, tenant: store.tenant, request: request as Json, validForMs })
      return `${kind}-token`
    }
    const tokens: TokenIssuer = { zone: issue('zone'), user: issue('user'), dataplane: issue('dataplane') }
    lab = await apiLab({ tokens })
  })

  const post = (kind: string, body: Json, headers = {}) => lab.ask('POST', `/tokens/${kind}`, { body, headers })

  test('are plain text with nothing around them', async () => {
    const response = await post('zone', { zone: 'z', scope: ['cp'], validFor: '24h' })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('text/plain')
    expect(response.body).toBe('zone-token')
    expect(asked).toEqual([
      { kind: 'zone', tenant: 'default', request: { zone: 'z', scope: ['cp'] }, validForMs: 86_400_000 },
    ])
  })

  test('are issued by the control plane that the path names', async () => {
    await lab.ask('POST', `/v1/mesh/control-planes/${OTHER_TENANT}/api/tokens/zone`, { body: { zone: 'z' } })
    expect(asked).toMatchObject([{ tenant: OTHER_TENANT }])
  })

  test('of zones and dataplanes are valid for ten years unless the request says', async () => {
    await post('zone', { zone: 'z' })
    await post('dataplane', { mesh: 'default', tags: null, name: 'd', workload: 'w' })
    const identity = { name: 'd', mesh: 'default', tags: {}, type: '', workload: 'w' }
    expect(asked).toEqual([
      { kind: 'zone', tenant: 'default', request: { zone: 'z', scope: [] }, validForMs: TEN_YEARS_MS },
      { kind: 'dataplane', tenant: 'default', request: identity, validForMs: TEN_YEARS_MS },
    ])
  })

  test('may be expired already', async () => {
    await post('zone', { zone: 'z', validFor: '-1s' })
    expect(asked).toMatchObject([{ validForMs: -1000 }])
  })

  test.each(['zone', 'user', 'dataplane'])(
    'of a %s asked for in what is no JSON get 400 and nothing else',
    async (kind) => {
      for (const body of ['{', '[]', '{"validFor":1}']) {
        const response = await post(kind, body)
        expect(response.statusCode).toBe(400)
        expect(response.body).toBe('')
        expect(response.headers['content-type']).toBeUndefined()
      }
      expect(asked).toEqual([])
    },
  )

  test.each([
    ['dataplane', { name: 'd' }, [['mesh', 'cannot be empty']]],
    [
      'dataplane',
      { mesh: 'm', type: 'ingress', validFor: 'x' },
      [
        ['validFor', 'is invalid: time: invalid duration "x"'],
        ['type', 'ingress is not a valid proxy type'],
      ],
    ],
    ['zone', { zone: 'z', validFor: '5' }, [['validFor', 'is invalid: time: missing unit in duration "5"']]],
    ['user', { name: 'joe' }, [['validFor', 'cannot be empty']]],
    [
      'user',
      { validFor: '0' },
      [
        ['name', 'cannot be empty'],
        ['validFor', 'cannot be empty or nil'],
      ],
    ],
    [
      'user',
      { name: 'joe', validFor: 'x' },
      [
        ['validFor', 'is invalid: time: invalid duration "x"'],
        ['validFor', 'cannot be empty or nil'],
      ],
    ],
  ] as const)('of a %s are refused for %j', async (kind, body, violations) => {
    const response = await post(kind, body)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({
      title: 'Invalid request',
      detail: 'Resource is not valid',
      invalid_parameters: violations.map(([field, reason]) => ({ field, reason })),
    })
    expect(asked).toEqual([])
  })

  test.each([
    [
      'zone',
      { zone: 'z' },
      'user "mesh-system:anonymous/mesh-system:unauthenticated" cannot access generate zone token for zone \'z\'',
    ],
    [
      'dataplane',
      { mesh: 'm' },
      'user "mesh-system:anonymous/mesh-system:unauthenticated" cannot access generate dataplane token',
    ],
    ['user', { name: 'n', validFor: '1h' }, 'action not allowed'],
  ])('of a %s are for admins', async (kind, body, detail) => {
    const response = await post(kind, body, { authorization: STRANGER })
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ title: 'Access Denied', detail })
    expect(asked).toEqual([])
  })

  test('are checked in the order of their kind: access first for users, the form first for dataplanes', async () => {
    const headers = { authorization: STRANGER }
    expect((await post('user', '{', headers)).statusCode).toBe(403)
    expect((await post('zone', '{', headers)).statusCode).toBe(400)
    expect((await post('zone', { validFor: 'x' }, headers)).statusCode).toBe(403)
    expect((await post('dataplane', {}, headers)).statusCode).toBe(400)
  })

  test('cannot be issued without a signing key', async () => {
    const text = 'there is no signing key with KID 1. GlobalSecret of name "zone-token-signing-key-1" is not found.'
    const refuse = async (): Promise<never> => {
      throw new AppError('not-found', text)
    }
    lab = await apiLab({ tokens: { zone: refuse, user: refuse, dataplane: refuse } })
    const response = await post('zone', { zone: 'z' })
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({
      type: '/std-errors',
      status: 404,
      title: 'Signing Key not found',
      detail: text,
      details: text,
    })
  })

  test('cannot be issued where issuing is switched off', async () => {
    const refuse = async (): Promise<never> => {
      throw new AppError('invalid-argument', 'issuing tokens using the control plane is disabled.')
    }
    lab = await apiLab({ tokens: { zone: refuse, user: refuse, dataplane: refuse } })
    expect((await post('user', { name: 'a', validFor: '1h' })).json()).toMatchObject({
      status: 400,
      title: 'Could not issue a token',
      detail: 'issuing tokens using the control plane is disabled.',
    })
  })
})
