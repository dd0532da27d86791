import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer as createWebServer } from 'node:http'
import { createServer as createTlsWebServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createCa, createServerCertificate } from '../../../src/transport/tls.js'
import { fakeApi } from './fake-api.js'
import { type Call, FakeGlobal, type Reply, strictEnough } from './fake-global.js'
import { conformanceRunWith, fileWith, type Ran } from './run-command.js'

/** What keeps a run from saying anything is told, as a new user would read it, before any case runs. */

vi.setConfig({ testTimeout: 120_000 })

const CA = createCa({ name: 'test', nowMs: Date.now() })
const CERTIFICATE = createServerCertificate({ ca: CA, nowMs: Date.now() })
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const STRANGER = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

const fake = async (reply: (call: Call) => Reply = strictEnough, tls?: typeof CERTIFICATE) => {
  const global = await FakeGlobal.start(reply, tls)
  onTestFinished(() => global.stop())
  return global
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A run against this address with a signing key. */
const against = async (target: string, flags: Record<string, string> = {}): Promise<Ran> =>
  conformanceRunWith({ target, 'signing-key': fileWith(pem(STRANGER)), ...flags })

const toldOf = (ran: Ran) => ran.err.split('\n').find((line) => line.startsWith('error'))

describe('a target that cannot be judged is told apart before any case runs, with exit code 3:', () => {
  test('nothing listens', async () => {
    const closed = await fake()
    const { address } = closed
    await closed.stop()
    const ran = await against(`grpc://${address}`)
    expect(toldOf(ran)).toContain(`${address}: nothing listens there`)
    expect(ran.code).toBe(3)
  })

  test('its certificate is of another authority', async () => {
    const { address } = await fake(strictEnough, CERTIFICATE)
    const other = createCa({ name: 'other', nowMs: Date.now() })
    const ran = await against(address, { ca: fileWith(other.certPem) })
    expect(toldOf(ran)).toContain('its certificate is not of this authority')
    expect(toldOf(ran)).toContain('--ca')
    expect(ran.code).toBe(3)
  })

  test('it is plaintext, and TLS was asked for', async () => {
    const { address } = await fake()
    const ran = await against(address)
    expect(toldOf(ran)).toContain(`it does not speak TLS`)
    expect(toldOf(ran)).toContain(`say --target grpc://${address}`)
    expect(ran.code).toBe(3)
  })

  test('it is TLS, and plaintext was asked for', async () => {
    const { address } = await fake(strictEnough, CERTIFICATE)
    const ran = await against(`grpc://${address}`)
    expect(toldOf(ran)).toContain(`it speaks TLS: say --target ${address}, with --ca`)
    expect(ran.code).toBe(3)
  })

  test('it is a web server', async () => {
    const ran = await against(`grpc://${await listening(createWebServer((_, response) => response.end('hello')))}`)
    expect(toldOf(ran)).toContain('it does not speak HTTP/2, with TLS or without')
    expect(ran.code).toBe(3)
  })

  test('it is a web server with TLS', async () => {
    const { keyPem: key, certPem: cert } = CERTIFICATE
    const address = await listening(createTlsWebServer({ key, cert }, (_, response) => response.end('hello')))
    const ran = await against(address, { ca: fileWith(CA.certPem) })
    expect(toldOf(ran)).toContain('it speaks TLS but no HTTP/2')
    expect(ran.code).toBe(3)
  })

  test('it speaks HTTP/2 and is no gRPC', async () => {
    const { address } = await fake(() => ({ kind: 'page', status: 404 }))
    const ran = await against(`grpc://${address}`)
    expect(toldOf(ran)).toContain(`what answers at ${address} is not KDS of a global: HTTP status 404`)
    expect(ran.code).toBe(3)
  })

  test('it is gRPC without KDS', async () => {
    const { address } = await fake(() => ({ kind: 'refuse', status: 12, text: 'unknown service' }))
    const ran = await against(`grpc://${address}`)
    expect(toldOf(ran)).toContain('is not KDS of a global: unknown service')
    expect(ran.code).toBe(3)
  })

  test('it hangs up', async () => {
    const ran = await against(`grpc://${await listening(createTcpServer((socket) => socket.destroy()))}`)
    expect(toldOf(ran)).toContain('hangs up on the first call')
    expect(ran.code).toBe(3)
  })

  test('it takes connections and never answers', async () => {
    const mute = createTcpServer((socket) => void socket.on('error', () => {}))
    const ran = await against(`grpc://${await listening(mute)}`, { timeout: '500ms' })
    expect(toldOf(ran)).toContain('takes a connection, and then does not answer: no answer within 500 ms')
    expect(ran.code).toBe(3)
  })

  test('it answers headers and then nothing', async () => {
    const { address } = await fake(() => ({ kind: 'begin' }))
    const ran = await against(`grpc://${address}`, { timeout: '500ms' })
    expect(toldOf(ran)).toContain('does not answer: no answer within 500 ms')
    expect(ran.code).toBe(3)
  })

  test('its API is another one', async () => {
    const { address } = await fake()
    const ran = await against(`grpc://${address}`, { api: await fakeApi({}) })
    expect(toldOf(ran)).toContain("the API answers GET /zones with 404; is it Kuma's?")
    expect(ran.code).toBe(3)
  })

  test('its API speaks no TLS', async () => {
    const { address } = await fake()
    const api = (await fakeApi({})).replace('http:', 'https:')
    const ran = await against(`grpc://${address}`, { api })
    expect(toldOf(ran)).toContain('it does not speak TLS')
    expect(toldOf(ran)).toContain(`say ${api.replace('https:', 'http:')}`)
    expect(ran.code).toBe(3)
  })
})

describe('a credential that does not hold is told before any case runs:', () => {
  const withExp = (claims: object) =>
    ['{"alg":"RS256","kid":"1"}', JSON.stringify({ exp: 1_700_000_000, ...claims }), 'none']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')

  test('the user token has expired, says itself', async () => {
    const { address } = await fake()
    const token = fileWith(withExp({ Name: 'ann' }))
    const ran = await against(`grpc://${address}`, { api: 'http://127.0.0.1:1', 'user-token-file': token })
    expect(toldOf(ran)).toContain(`the user token in ${token} expired at 2023-11-14T22:13:20.000Z; issue another`)
    expect(ran.code).toBe(1)
  })

  test('the API refuses the user token', async () => {
    const { address } = await fake()
    const refused = { status: 401, body: { title: 'Unauthenticated' } }
    const api = await fakeApi({ 'GET /zones': refused, 'GET /global-secrets': refused })
    const ran = await conformanceRunWith({
      ...{ target: `grpc://${address}`, api, 'user-token-file': fileWith('made-up') },
    })
    expect(toldOf(ran)).toContain('the API refuses the user token')
    expect(toldOf(ran)).toContain('Unauthenticated')
    expect(ran.code).toBe(1)
  })

  test('the zone token has expired, says itself', async () => {
    const token = fileWith(withExp({ Zone: 'zone-1', Scope: ['cp'] }))
    const ran = await conformanceRunWith({ target: 'grpc://127.0.0.1:1', 'token-file': token, 'zone-is-mine': true })
    expect(toldOf(ran)).toContain(`the zone token in ${token} expired at`)
    expect(ran.code).toBe(1)
  })

  test('the key is another one than that of its kid', async () => {
    const text = 'could not parse token: token signature is invalid'
    const { address } = await fake(() => ({ kind: 'refuse', status: 16, text }))
    const { out, code } = await against(`grpc://${address}`)
    expect(out).toMatch(/^INCONCLUSIVE: .*the target has another key of this id; is --signing-key the one of --kid 1\?/)
    expect(code).toBe(11)
  })

  test('there is no key of this kid', async () => {
    const { address } = await fake(() => ({ kind: 'refuse', status: 16, text: 'there is no signing key with KID 7' }))
    const { out, code } = await against(`grpc://${address}`, { kid: '7' })
    expect(out).toMatch(/^INCONCLUSIVE: .*the target has no key of this id; is --kid 7 right\?/)
    expect(code).toBe(11)
  })

  test('which of the two it is, the API says where the target does not', async () => {
    const { address } = await fake(() => ({ kind: 'refuse', status: 16, text: 'no' }))
    const held = { data: Buffer.from(pem(STRANGER)).toString('base64') }
    const api = await fakeApi({
      'GET /zones': { status: 200, body: { items: [], total: 0 } },
      'GET /global-secrets/zone-token-signing-key-1': { status: 200, body: held },
    })
    const another = fileWith(pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey))
    const key = await against(`grpc://${address}`, { api, 'signing-key': another })
    expect(key.out).toContain('the API has another key with the id of --kid 1 than --signing-key')
    const kid = await against(`grpc://${address}`, { api, kid: '7' })
    expect(kid.out).toContain('the API has no key with the id of --kid 7')
    expect([key.code, kid.code]).toEqual([11, 11])
  })
})

describe('a clock that is not ours is told before any case runs, with exit code 11:', () => {
  /** Takes a token if it holds at this time, whoever signed it. */
  const atTime = (aheadS: number) => (call: Call) => {
    const [, payload = ''] = (call.token ?? '').split('.')
    const claims = payload === '' ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims)
    const nowS = Date.now() / 1_000 + aheadS
    const { exp = 0, nbf = Number.POSITIVE_INFINITY } = claims
    return nowS < exp && nowS >= nbf ? ({ kind: 'serve' } as const) : ({ kind: 'refuse', status: 16 } as const)
  }
  interface Claims {
    readonly exp?: number
    readonly nbf?: number
  }

  test.each([
    ['a minute ahead', 60, 'its clock is more than 15 s ahead of ours'],
    ['a minute behind', -60, 'its clock is more than 15 s behind ours'],
    ['a day ahead', 86_400, 'its clock is more than 15 s ahead of ours'],
    ['a day behind', -86_400, 'its clock is not ours'],
  ])('%s', async (_what, aheadS, words) => {
    const { address } = await fake(atTime(aheadS))
    const { out, code } = await against(`grpc://${address}`)
    expect(out).toMatch(/^INCONCLUSIVE: /)
    expect(out).toContain(words)
    expect(code).toBe(11)
  })

  test('and ours is not told to be', async () => {
    const { address } = await fake(atTime(0))
    expect((await against(`grpc://${address}`)).out).not.toContain('clock')
  })
})
