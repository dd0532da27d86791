import { beforeEach, describe, expect, test } from 'vitest'
import type { Grant } from '../../../src/auth/admission-table.js'
import { A, accessToken, B, controlPlane, credential, digestOf, FOREIGN, SatLab, UNKNOWN } from './sat-lab.js'
import { PD, RE, T, tokenWith, U, UA } from './token-lab.js'

/** auth.md §4.9, §4.10: access tokens on KDS. */

let lab: SatLab
let sat: string

beforeEach(() => {
  lab = new SatLab()
  sat = accessToken()
  lab.hear(credential(sat))
})

const granted = (...grants: readonly Grant[]) => credential(sat, { grants })

describe('the token', () => {
  test('SAT row 171: is taken bare and after Bearer', async () => {
    expect([await lab.code(sat), await lab.code(`Bearer ${sat}`), await lab.code(`bearer ${sat}`)]).toEqual([
      'OK',
      'OK',
      'OK',
    ])
  })

  test.each([
    ['172', 'of the right shape that nobody has', () => accessToken()],
    ['186a', 'with the prefix of a person', () => sat.replace('spat_', 'kpat_')],
    ['186b', 'with the prefix in capitals', () => sat.replace('spat_', 'SPAT_')],
    ['186c', 'with a dash in the prefix', () => sat.replace('spat_', 'spat-')],
    ['186d', 'without its prefix', () => sat.replace('spat_', '')],
    ['187a', 'with its first letter changed', () => `spat_${sat[5] === 'A' ? 'B' : 'A'}${sat.slice(6)}`],
    ['187b', 'with its last letter changed', () => sat.slice(0, -1) + (sat.endsWith('A') ? 'B' : 'A')],
    ['187c', 'cut short', () => sat.slice(0, -1)],
    ['187d', 'with a letter more', () => `${sat}A`],
    ['187e', 'that is its prefix alone', () => 'spat_'],
    ['191a', 'with quotes', () => `spat_' OR '1'='1`],
    ['191b', 'with an escaped NUL', () => `${sat}%00`],
    ['192', 'with two dots', () => 'spat_a.b.c'],
  ])('SAT row %s: %s is unauthenticated', async (_row, _what, token) => {
    expect(await lab.code(token())).toBe(U)
  })

  test('SAT rows 172, 173, 174, 187: whatever is wrong with it, the answer is the same bytes', async () => {
    const expired = accessToken()
    lab.hear(credential(expired, { expiresAtMs: T * 1000 }))
    const unknown = await lab.answer(accessToken())
    expect(await lab.answer(expired)).toEqual(unknown)
    expect(await lab.answer(`${sat}A`)).toEqual(unknown)
    expect(await lab.answer('spat_')).toEqual(unknown)
    lab.hear({ kind: 'credential-gone', digest: digestOf(sat) })
    expect(await lab.answer(sat)).toEqual(unknown)
    expect(lab.reasons).toEqual(['unknown-token', 'expired', 'unknown-token', 'unknown-token', 'unknown-token'])
  })

  test.each([
    ['173a', -1, U],
    ['173b', 0, U],
    ['173c', 1, 'OK'],
  ])('SAT row %s: that expires in %i ms is %s', async (_row, ms, expected) => {
    lab.hear(credential(sat, { expiresAtMs: T * 1000 + ms }))
    expect(await lab.code(sat)).toBe(expected)
  })

  test('SAT rows 174, 176: deleted, by itself or with its account, is unauthenticated at once', async () => {
    lab.hear({ kind: 'credential-gone', digest: digestOf(sat) })
    expect(await lab.code(sat)).toBe(U)
  })

  test('SAT row 191: of a mebibyte is too large, and is not looked up', async () => {
    expect(await lab.code(`spat_${'x'.repeat(1024 * 1024)}`)).toBe(RE)
  })

  test('SAT row 192: is never given to the parser of JWTs, nor a JWT to the table', async () => {
    await lab.code('spat_a.b.c')
    await lab.code('a.b.c')
    expect(lab.reasons).toEqual(['unknown-token', 'malformed'])
  })

  test('N0: appears in no log line and no answer; its id does', async () => {
    const answers = [await lab.answer(sat, { cpId: B }), await lab.answer(`${sat}A`)]
    expect(JSON.stringify([answers, lab.lines])).not.toContain(sat.slice(5))
    expect(lab.lines).toMatchObject([
      { fields: { tenant: B, zone: 'z1', reason: 'no-role', tokenId: 'token-1' } },
      { fields: { tenant: A, zone: 'z1', reason: 'unknown-token', tokenId: undefined } },
    ])
  })
})

describe('the role of its holder', () => {
  test.each([
    ['177', 'none', [], PD],
    ['178a', 'Viewer', [{ role: 'Viewer', controlPlane: A, region: 'us' }], PD],
    ['178b', 'Creator', [{ role: 'Creator', controlPlane: A, region: 'us' }], PD],
    ['179', 'Admin', [{ role: 'Admin', controlPlane: A, region: 'us' }], 'OK'],
    ['180', 'Connector on another', [{ role: 'Connector', controlPlane: B, region: 'us' }], PD],
    ['181a', 'Connector on all, everywhere', [{ role: 'Connector', controlPlane: '*', region: '*' }], 'OK'],
    ['181b', 'Connector, everywhere', [{ role: 'Connector', controlPlane: A, region: '*' }], 'OK'],
    ['170', 'Connector in another region', [{ role: 'Connector', controlPlane: A, region: 'eu' }], PD],
    ['183', 'connector', [{ role: 'connector', controlPlane: A, region: 'us' }], PD],
    [
      '182',
      'Viewer, and Connector by a team',
      [
        { role: 'Viewer', controlPlane: A, region: 'us' },
        { role: 'Connector', controlPlane: A, region: 'us' },
      ],
      'OK',
    ],
  ] as const)('SAT row %s: with %s it is %s', async (_row, _what, grants, expected) => {
    lab.hear(granted(...(grants as readonly Grant[])))
    expect(await lab.code(sat)).toBe(expected)
  })

  test('SAT rows 163, 165, 166, 167: an unknown, a foreign, a deleted and an ungranted control plane are the same bytes', async () => {
    const ungranted = await lab.answer(sat, { cpId: B })
    expect(ungranted).toMatchObject({ code: PD })
    expect(await lab.answer(sat, { cpId: UNKNOWN })).toEqual(ungranted)
    expect(await lab.answer(sat, { cpId: FOREIGN })).toEqual(ungranted)
    lab.hear({ kind: 'control-plane-gone', id: A })
    expect(await lab.answer(sat)).toEqual(ungranted)
  })

  test("SAT row 166: a role on all control planes is on those of one's own organisation", async () => {
    lab.hear(granted({ role: 'Admin', controlPlane: '*', region: '*' }))
    expect([await lab.code(sat, { cpId: B }), await lab.code(sat, { cpId: FOREIGN })]).toEqual(['OK', PD])
  })

  test('SAT row 190: a managed account is for its zone alone, one made by hand for any', async () => {
    expect([await lab.code(sat), await lab.code(sat, { zone: 'z2' })]).toEqual(['OK', 'OK'])
    lab.hear(credential(sat, { zone: { controlPlane: A, name: 'z1' } }))
    expect([await lab.code(sat), await lab.code(sat, { zone: 'z2' })]).toEqual(['OK', PD])
  })
})

describe('what a control plane takes', () => {
  const pat = accessToken('kpat_')
  const jwt = tokenWith()

  beforeEach(() => lab.hear(credential(pat)))

  test('both, unless it says otherwise', async () => {
    expect([await lab.code(sat), await lab.code(jwt)]).toEqual(['OK', 'OK'])
  })

  test('SAT rows 184, 185: personal tokens, unless they are forbidden', async () => {
    expect(await lab.code(pat)).toBe('OK')
    lab.hear(controlPlane({ personalTokens: false }))
    expect([await lab.code(pat), await lab.code(sat)]).toEqual([U, 'OK'])
    expect(await lab.answer(pat)).toEqual(await lab.answer(accessToken('kpat_')))
  })

  test('SAT row 194: zone tokens only', async () => {
    lab.hear(controlPlane({ zoneCredentials: 'zone-token' }))
    expect([await lab.code(sat), await lab.code(jwt)]).toEqual([U, 'OK'])
  })

  test('SAT row 195: access tokens only; a JWT is answered as on a control plane that there is not', async () => {
    lab.hear(controlPlane({ zoneCredentials: 'sat' }))
    expect([await lab.code(sat), await lab.code(jwt)]).toEqual(['OK', U])
    expect(await lab.answer(jwt)).toEqual(await lab.answer(jwt, { cpId: UNKNOWN }))
  })

  test('SAT rows 163, 164: a JWT gets the same bytes on an unknown control plane and a foreign one', async () => {
    expect(await lab.answer(jwt, { cpId: UNKNOWN })).toEqual(await lab.answer(jwt, { cpId: B }))
  })

  test.each(['inactive', 'deleting', 'deleted'] as const)(
    'SAT row 199: nobody, while its organisation is %s',
    async (state) => {
      lab.hear(controlPlane({ organizationState: state }))
      expect([await lab.code(sat), await lab.code(jwt)]).toEqual([PD, PD])
      expect(await lab.code(accessToken())).toBe(U)
      lab.hear(controlPlane())
      expect(await lab.code(sat)).toBe('OK')
    },
  )
})

describe('a platform that is away', () => {
  test('SAT row 196: keeps everybody out after the permitted age, and nobody before', async () => {
    lab.clock.step(5_000)
    expect(await lab.code(sat)).toBe('OK')
    lab.clock.step(1)
    const away = await lab.answer(sat)
    expect(away).toMatchObject({ code: UA })
    expect(await lab.answer(accessToken())).toEqual(away)
    lab.hear({ kind: 'heartbeat' })
    expect(await lab.code(sat)).toBe('OK')
  })

  test('SAT row 196: does not concern zone tokens', async () => {
    lab.clock.step(60_000)
    expect(await lab.code(tokenWith())).toBe('OK')
  })

  test('SAT row 196: does not end, by a health check, a session that is open; but its expiry does', async () => {
    lab.openStreams.add(`${A}/z1/${digestOf(sat)}`)
    lab.clock.step(60_000)
    expect([await lab.code(sat), await lab.code(sat, { zone: 'z2' })]).toEqual(['OK', UA])
    lab.clock.step(3_600_000)
    expect(await lab.code(sat)).toBe(U)
  })

  test('SAT row 196: that was never heard lets nobody in', async () => {
    const empty = new SatLab()
    const { table } = empty
    empty.hear({ kind: 'reset' })
    expect(table.ageMs(0)).toBe(0)
    empty.clock.step(5_001)
    expect(await empty.code(sat)).toBe(UA)
  })
})
