import type { Answer } from '../answer.js'
import type { Bench } from '../bench.js'
import type { Field } from '../call-draft.js'
import type { Case, Variant } from '../case.js'
import { RPCS } from '../rpc.js'
import { tokenWith } from '../tokens/base-token.js'
import { call, credential, OK, PD, RE, rowsOf, U, U_OR_CONNECTION } from './row.js'
import { sameTimes } from './same-times.js'

/** auth.md §4.10, first part: the form of access tokens, and what the roles of their holder open. */
const row = rowsOf('sat')
const PLATFORM = { profiles: ['konnect-sat'], needs: ['platform'] } as const
const RAW = { profiles: ['konnect-sat'], needs: ['platform', 'raw-http2'] } as const
const PREFIX = /^spat_/
const SHAPE = 'tokens have no structure'

/** The legal token with one thing changed. */
function changed(name: string, expect: readonly Answer[], change: (token: string) => string): Variant {
  return credential(name, expect, async (bench) => change(await bench.legalToken()))
}

/** The token of an account with one role on the control plane that the run uses, or elsewhere. */
function withRole(name: string, expect: readonly Answer[], role: string, on = ownControlPlane): Variant {
  return credential(name, expect, async (bench) => bench.platform.tokenWith({ role, on: await on(bench) }))
}

async function ownControlPlane({ cpId }: Bench): Promise<string> {
  return cpId?.id ?? '*'
}

function otherLetter(token: string, at: number): string {
  return `${token.slice(0, at)}${token[at] === 'a' ? 'b' : 'a'}${token.slice(at + 1)}`
}

/** As many as a token has, none of a token. */
function strangeLetters({ uuid }: Bench): string {
  return `${uuid()}${uuid()}`.replaceAll('-', '').slice(0, 49)
}

export const SAT: readonly Case[] = [
  row.scenario(
    171,
    'the token of a provisioned zone is taken, bare and after Bearer, and its use is seen',
    { basis: 'konnect', norm: 'provisionZone', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { platform } = bench
      const own = await platform.newControlPlane()
      const token = await platform.provision(own, bench.zone)
      for (const rpc of RPCS) {
        const send = (text: string) => stage.call(rpc, { fields: bench.fields(text, bench.zone, own.id) })
        stage.expect(`bare on ${rpc}`, await send(token), OK)
        stage.expect(`after Bearer on ${rpc}`, await send(`Bearer ${token}`), OK)
      }
      const account = await platform.account({ on: own.id })
      const fields = bench.fields(account.token, bench.zone, own.id)
      stage.expect("an account's", await stage.call('HealthCheck', { fields }), OK)
      const path = `${account.path}/access-tokens/${account.tokenId}`
      const used = async () => typeof (await platform.api.get(path))?.last_used_at === 'string'
      stage.check('last_used_at is set', await stage.until(SEEN_WITHIN_MS, used), path)
    },
  ),
  row.calls(172, 'an unknown token of the right shape is refused', { basis: 'konnect', norm: '401', ...PLATFORM }, [
    credential('account', U, (bench) => `spat_${strangeLetters(bench)}`),
    credential('person', U, (bench) => `kpat_${strangeLetters(bench)}`),
  ]),
  row.calls(178, 'Viewer and Creator connect no zone', { basis: 'konnect', norm: 'mesh roles', ...PLATFORM }, [
    withRole('Viewer', PD, 'Viewer'),
    withRole('Creator', PD, 'Creator'),
  ]),
  row.calls(179, 'Admin connects zones', { basis: 'konnect', norm: 'mesh roles', ...PLATFORM }, [
    withRole('Admin', OK, 'Admin'),
  ]),
  row.calls(
    180,
    'Connector on another control plane opens nothing',
    { basis: 'konnect', norm: 'mesh roles', ...PLATFORM },
    [withRole('Connector elsewhere', PD, 'Connector', async (bench) => (await bench.platform.sibling()).id)],
  ),
  row.calls(
    181,
    'Connector on everything everywhere opens all',
    { basis: 'konnect', norm: 'entity_region *', ...PLATFORM },
    [credential('entity * and region *', OK, (bench) => bench.platform.tokenWith({ on: '*', region: '*' }))],
  ),
  row.calls(
    184,
    "an admin's personal token connects zones",
    { basis: 'konnect', norm: 'FAQ of Mesh Manager', ...PLATFORM },
    [credential('personal', OK, (bench) => bench.platform.userToken)],
  ),
  row.calls(186, 'a token with another beginning is refused', { basis: 'ours', norm: SHAPE, ...PLATFORM }, [
    changed('kpat_', U, (token) => token.replace(PREFIX, 'kpat_')),
    changed('SPAT_', U, (token) => token.replace(PREFIX, 'SPAT_')),
    changed('spat-', U, (token) => token.replace(PREFIX, 'spat-')),
    changed('none', U, (token) => token.replace(PREFIX, '')),
  ]),
  row.calls(187, 'a token that differs in one character is refused', { basis: 'ours', norm: SHAPE, ...PLATFORM }, [
    changed('first letter', U, (token) => otherLetter(token, 5)),
    changed('middle letter', U, (token) => otherLetter(token, Math.floor(token.length / 2))),
    changed('last letter', U, (token) => otherLetter(token, token.length - 1)),
    changed('one letter less', U, (token) => token.slice(0, -1)),
    changed('one letter more', U, (token) => `${token}a`),
  ]),
  row.scenario(
    188,
    'a token that is nearly right takes no longer to be refused, over 200 calls of each kind (--timed-calls 10000: as many as the row asks for)',
    { basis: 'ours', norm: 'OWASP, lookup by digest', level: 'REPORT', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const token = await bench.legalToken()
      const showing = (text: string) => ({ fields: bench.fields(text) })
      const kinds = {
        'first letter wrong': () => showing(otherLetter(token, 5)),
        'last letter wrong': () => showing(otherLetter(token, token.length - 1)),
        unknown: () => showing(`spat_${strangeLetters(bench)}`),
      }
      await sameTimes(stage, kinds, U)
    },
  ),
  row.calls(191, 'a token of strange characters is refused', { basis: 'ours', norm: 'parameterised lookup', ...RAW }, [
    credential('quotes', U, () => "spat_' OR '1'='1"),
    credential('percent', U, () => 'spat_%00%25'),
    credential('not ASCII', U_OR_CONNECTION, () => Buffer.from('spat_é€', 'utf8')),
    credential('above the limit', [...RE, ...U_OR_CONNECTION], () => `spat_${'a'.repeat(20_000)}`),
    credential('1 MiB', [...RE, ...U_OR_CONNECTION], () => `spat_${'a'.repeat(1 << 20)}`),
  ]),
  row.calls(192, 'a token with dots is not read as a JWT', { basis: 'ours', norm: 'one parser a kind', ...PLATFORM }, [
    credential('two dots', U, () => 'spat_a.b.c'),
    changed('two dots in a known one', U, (token) => `${token.slice(0, 20)}.${token.slice(20, 30)}.${token.slice(30)}`),
  ]),
  row.calls(
    193,
    'authorization alone decides',
    { basis: 'ours', norm: 'Kuma metadata key', profiles: ['konnect-sat'], needs: ['platform', 'keys'] },
    [
      call('zone token, access token elsewhere', OK, async (bench) => [
        ...bench.fields(tokenWith(bench, {})),
        ...elsewhere(await bench.legalToken()),
      ]),
      call('forged zone token, access token elsewhere', U, async (bench) => [
        ...bench.fields(tokenWith(bench, { key: bench.strangerKey })),
        ...elsewhere(await bench.legalToken()),
      ]),
      call('no credential, access token elsewhere', U, async (bench) => [
        ...bench.fields(undefined),
        ...elsewhere(await bench.legalToken()),
      ]),
    ],
  ),
]

/** The news of a use is gathered for a while. */
const SEEN_WITHIN_MS = 60_000

function elsewhere(token: string): readonly Field[] {
  return [['x-access-token', token]]
}
