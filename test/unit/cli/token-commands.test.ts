import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { publicKeyPem } from '../../../src/auth/rsa-key.js'
import { seededRandom } from '../../../src/base/random.js'
import { type Command, type Context, Input } from '../../../src/cli/command.js'
import { tokenInspect } from '../../../src/cli/commands/token-inspect.js'
import { tokenIssue } from '../../../src/cli/commands/token-issue.js'
import { tokenVerify } from '../../../src/cli/commands/token-verify.js'
import { FakeClock } from '../../support/fake-clock.js'
import { zoneKeyA, zoneKeyB } from '../auth/token-lab.js'
import { FakeIo } from './fake-io.js'

/** Tokens without a lab: issued, looked at and verified by keys in files. */

const folder = mkdtempSync(join(tmpdir(), 'zonelab-tokens-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const signingKey = file('key.pem', zoneKeyA.export({ type: 'pkcs1', format: 'pem' }).toString())
const publicKey = file('key.pub.pem', publicKeyPem(zoneKeyA))
const otherKey = file('other.pub.pem', publicKeyPem(zoneKeyB))

let io: FakeIo
let clock: FakeClock
let context: Context
beforeEach(() => {
  io = new FakeIo()
  clock = new FakeClock(Date.UTC(2026, 5, 1))
  const random = seededRandom(1)
  context = { io, env: {}, random, clock, program: 'zonelab', signal: new AbortController().signal }
})

type Flags = Record<string, string | readonly string[] | boolean>

/** Exit code and what was printed. */
async function run(command: Command, args: readonly string[], flags: Flags = {}) {
  io.outLines.length = 0
  const code = await command.run(context, new Input(args, flags))
  return { code, out: io.outLines.join('\n') }
}

const issued = async (args: readonly string[], flags: Flags = {}) => {
  const { out } = await run(tokenIssue, args, { 'signing-key': signingKey, kid: 'k1', ...flags })
  return file('token.jwt', `${out}\n`)
}
const byKey = { 'public-key': publicKey, kid: 'k1' }

describe('a token issued with a key in a file', () => {
  test('for a zone holds under its public key, and says for whom and how long', async () => {
    const { code, out } = await run(tokenVerify, [await issued(['zone', 'zone-1'])], byKey)
    expect(code).toBe(0)
    expect(out).toMatch(/^holds: zone zone-1, key k1, id [0-9a-f-]{36}, until 2026-06-02T00:00:00\.000Z$/)
  })

  test('for a user and for sidecars, too', async () => {
    const user = await issued(['user', 'ann'], { group: ['a', 'b'] })
    expect(await run(tokenVerify, [user], byKey)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^holds: user ann/),
    })
    const sidecar = await issued(['dataplane', 'dp-1'], { mesh: 'demo', tag: ['team=a', 'team=b'], workload: 'w' })
    expect((await run(tokenVerify, [sidecar], byKey)).out).toMatch(/^holds: sidecar dp-1 of mesh demo/)
    const { out } = await run(tokenInspect, [sidecar], { output: 'json' })
    expect(JSON.parse(out).claims).toMatchObject({ Mesh: 'demo', Tags: { team: ['a', 'b'] }, Workload: 'w' })
  })

  test('is read from standard input as well', async () => {
    io.input = (await run(tokenIssue, ['zone', 'zone-1'], { 'signing-key': signingKey, kid: 'k1' })).out
    expect((await run(tokenVerify, [], byKey)).code).toBe(0)
    expect((await run(tokenVerify, ['-'], byKey)).code).toBe(0)
  })

  test('holds under a key set, whichever key of it', async () => {
    const keys = [
      { kid: 'k0', key: publicKeyPem(zoneKeyB) },
      { kid: 'k1', keyFile: publicKey },
    ]
    const flags = { 'key-set': file('keys.json', JSON.stringify(keys)) }
    expect((await run(tokenVerify, [await issued(['zone', 'zone-1'])], flags)).code).toBe(0)
  })
})

describe('verify names the rule that refuses, and ends with 1', () => {
  const refusal = async (flags: Flags, issueFlags: Flags = {}) => {
    const { code, out } = await run(tokenVerify, [await issued(['zone', 'zone-1'], issueFlags)], { ...byKey, ...flags })
    return { code, rule: /^refused: ([a-z-]+):/.exec(out)?.[1] }
  }

  test.each([
    ['bad-signature', { 'public-key': otherKey }, {}],
    ['unknown-key', { kid: 'another' }, {}],
    ['other-zone', { zone: 'zone-2' }, {}],
    ['no-scope', {}, { scope: ['ingress'] }],
    ['expired', {}, { 'valid-for': '0s' }],
    ['invalid-claims', { audience: 'cp-1' }, {}],
  ] as const)('%s', async (rule, flags, issueFlags) => {
    expect(await refusal(flags as Flags, issueFlags as Flags)).toEqual({ code: 1, rule })
  })

  test('an audience that is named is no fault', async () => {
    const token = await issued(['zone', 'zone-1'], { audience: 'cp-1' })
    expect((await run(tokenVerify, [token], { ...byKey, audience: 'cp-1' })).code).toBe(0)
  })

  test('revoked', async () => {
    const token = await issued(['zone', 'zone-1'])
    const { out } = await run(tokenInspect, [token], { output: 'json' })
    const revocations = file('revoked', `other,${JSON.parse(out).claims.jti}\n`)
    expect((await run(tokenVerify, [token], { ...byKey, revocations })).out).toBe('refused: revoked: token is revoked')
  })

  test('malformed, for whatever is no token', async () => {
    const result = await run(tokenVerify, [file('junk', 'not a token')], { ...byKey, kind: 'zone' })
    expect(result).toMatchObject({ code: 1, out: expect.stringMatching(/^refused: malformed/) })
  })

  test('a token of another kind, signed with the same key', async () => {
    const dataplane = await issued(['dataplane', 'ann'])
    expect((await run(tokenVerify, [dataplane], { ...byKey, kind: 'zone' })).code).toBe(1)
    const zone = await issued(['zone', 'zone-1'])
    expect((await run(tokenVerify, [zone], { ...byKey, kind: 'user' })).out).toMatch(/^refused: no-name/)
    expect((await run(tokenVerify, [zone], { ...byKey, kind: 'dataplane' })).out).toMatch(/^refused: no-mesh/)
  })
})

describe('a token on the command line', () => {
  test('is refused, unless that is meant', async () => {
    await expect(run(tokenInspect, [], { token: 'a.b.c' })).rejects.toThrowError(/list of processes/)
    const { out } = await run(tokenIssue, ['zone', 'zone-1'], { 'signing-key': signingKey, kid: 'k1' })
    expect((await run(tokenVerify, [], { ...byKey, token: out, 'insecure-literal': true })).code).toBe(0)
  })

  test('is not repeated by the refusal', async () => {
    await expect(run(tokenInspect, [], { token: 'sec.ret.x' })).rejects.not.toThrowError(/sec\.ret/)
  })
})

describe('inspect', () => {
  test('shows header, claims and times, and says that nothing is verified', async () => {
    const { code, out } = await run(tokenInspect, [await issued(['zone', 'zone-1'])], { output: 'json' })
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      verified: false,
      header: { alg: 'RS256', kid: 'k1', typ: 'JWT' },
      claims: { Zone: 'zone-1', Scope: ['cp'] },
      times: { exp: '2026-06-02T00:00:00.000Z', nbf: '2026-05-31T23:59:55.000Z' },
    })
  })

  test('of an access token shows its digest and not itself', async () => {
    io.input = 'spat_abc\n'
    const { out } = await run(tokenInspect, [])
    expect(out).toMatch(/sha256: [0-9a-f]{64}/)
    expect(out).not.toContain('spat_')
  })

  test('of what is no token ends with 1', async () => {
    io.input = 'hello'
    expect((await run(tokenInspect, [])).code).toBe(1)
  })
})

test.each([
  [tokenIssue, ['zone'], {}, /say which zone/],
  [tokenIssue, ['ship', 'x'], {}, /there is no token for a "ship"/],
  [tokenIssue, ['zone', 'z'], { 'signing-key': signingKey }, /--kid KID/],
  [tokenIssue, ['zone', 'z'], { 'signing-key': join(folder, 'none'), kid: 'k' }, /cannot be read/],
  [tokenIssue, ['dataplane'], { tag: ['x'] }, /--tag x: use KEY=VALUE/],
  [tokenVerify, [join(folder, 'none')], {}, /cannot be read/],
] as const)('%#: what is missing is said', async (command, args, flags, message) => {
  await expect(run(command as Command, args, flags as Flags)).rejects.toThrowError(message)
})
