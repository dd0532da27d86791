import { KDS_HEADER } from '../../wire/metadata.js'
import type { Bench } from '../bench.js'
import type { Field } from '../call-draft.js'
import type { Case } from '../case.js'
import { tokenWith } from '../tokens/base-token.js'
import { call, credential, draft, IA, OK, RE, rowsOf, U, U_OR_CONNECTION } from './row.js'

/** auth.md §4.2: presence and transport of the credential. */
const row = rowsOf('presence')

const RAW = ['wire', 'raw-http2'] as const
/** The token of Base with another claim of so many characters, about 4/3 of them on the wire. */
const padded = (bench: Bench, chars: number) => tokenWith(bench, { claims: { padding: 'x'.repeat(chars) } })

/** The legal fields with some put in place of the credential's. */
const instead = async (bench: Bench, make: (token: string) => readonly Field[]): Promise<readonly Field[]> => [
  ...bench.fields(undefined),
  ...make(await bench.legalToken()),
]

/** The legal fields without a client-id, and these. */
const asZone = async (bench: Bench, ...zones: readonly (string | Buffer)[]): Promise<readonly Field[]> => [
  ...zones.map((zone): Field => [KDS_HEADER.clientId, zone]),
  ...bench.fields(await bench.legalToken()).filter(([name]) => name !== KDS_HEADER.clientId),
]

/** A byte in the middle of the signature replaced. */
const withByte = (token: string, byte: number): Buffer => {
  const bytes = Buffer.from(token, 'latin1')
  bytes[bytes.length - 8] = byte
  return bytes
}

export const PRESENCE: readonly Case[] = [
  row.calls(1, 'a call without a credential is refused', { basis: 'kuma', norm: 'RFC 6750 §3.1' }, [
    call('no authorization', U, (bench) => bench.fields(undefined)),
    call('no authorization, a zone never seen', U, (bench) => bench.fields(undefined, bench.unseenZone)),
  ]),
  row.scenario(
    2,
    'with authentication off anyone is served, and the start says so',
    { basis: 'kuma', norm: 'Kuma default auth.type none', needs: ['operator'] },
    async (stage) => {
      const { bench, instance, call: callOpen } = await stage.instance({ auth: 'none' })
      stage.expect('without a credential', await callOpen('GlobalToZoneSync', { fields: bench.fields(undefined) }), OK)
      stage.check('a warning at start', /not authenticated/i.test(await instance.log()), 'the log warns of open zones')
    },
  ),
  row.calls(3, 'the bare token is taken, as real zones send it', { basis: 'kuma', norm: 'Kuma zone client' }, [
    credential('bare', OK, (bench) => bench.legalToken()),
  ]),
  row.calls(4, 'a token after Bearer is taken', { basis: 'kuma', norm: 'RFC 6750 §2.1' }, [
    credential('Bearer', OK, async (bench) => `Bearer ${await bench.legalToken()}`),
  ]),
  row.calls(5, 'a token after bearer is taken', { basis: 'kuma', norm: 'RFC 9110 §11.1' }, [
    credential('bearer', OK, async (bench) => `bearer ${await bench.legalToken()}`),
  ]),
  row.calls(
    6,
    'the scheme is taken in any case',
    { basis: 'ours', norm: 'RFC 9110 §11.1', delta: { zonelab: 'taken', kuma: 'refused' } },
    [credential('BEARER', OK, async (bench) => `BEARER ${await bench.legalToken()}`, U)],
  ),
  row.calls(7, 'two spaces after the scheme are refused', { basis: 'kuma', norm: 'Kuma token decoder' }, [
    credential('Bearer and two spaces', U, async (bench) => `Bearer  ${await bench.legalToken()}`),
  ]),
  row.calls(
    8,
    'two schemes are refused',
    { basis: 'ours', norm: 'one scheme a value', delta: { zonelab: 'refused', kuma: 'taken' } },
    [credential('Bearer bearer', U, async (bench) => `Bearer bearer ${await bench.legalToken()}`, OK)],
  ),
  row.calls(9, 'a scheme without a token is refused', { basis: 'kuma', norm: 'Kuma token decoder' }, [
    credential('Bearer', U, () => 'Bearer'),
    credential('Bearer and a space', U_OR_CONNECTION, () => 'Bearer '),
  ]),
  row.calls(10, 'an empty credential is refused', { basis: 'kuma', norm: 'Kuma token decoder' }, [
    credential('empty', U, () => ''),
  ]),
  row.calls(11, 'another scheme is refused', { basis: 'kuma', norm: 'RFC 9110 §11' }, [
    credential('Basic', U, () => 'Basic dTpw'),
  ]),
  row.calls(
    12,
    'two credentials are refused, even equal ones',
    { basis: 'kuma', norm: 'Kuma credential count', needs: RAW },
    [
      call('twice the same', U, (bench) =>
        instead(bench, (token) => [
          [KDS_HEADER.authorization, token],
          [KDS_HEADER.authorization, token],
        ]),
      ),
    ],
  ),
  row.calls(
    13,
    'a valid credential beside another is refused in either order',
    { basis: 'kuma', norm: 'Kuma credential count', needs: RAW },
    [
      call('valid, garbage', U, (bench) =>
        instead(bench, (token) => [
          [KDS_HEADER.authorization, token],
          [KDS_HEADER.authorization, 'garbage'],
        ]),
      ),
      call('garbage, valid', U, (bench) =>
        instead(bench, (token) => [
          [KDS_HEADER.authorization, 'garbage'],
          [KDS_HEADER.authorization, token],
        ]),
      ),
    ],
  ),
  row.calls(14, 'two tokens in one value are refused', { basis: 'kuma', norm: 'Kuma token decoder' }, [
    credential('joined by a comma', U, async (bench) => `${await bench.legalToken()}, ${await bench.legalToken()}`),
  ]),
  row.calls(15, 'a binary field is no credential', { basis: 'ours', norm: 'gRPC PROTOCOL-HTTP2' }, [
    call('authorization-bin', U, (bench) =>
      instead(bench, (token) => [['authorization-bin', Buffer.from(token).toString('base64')]]),
    ),
  ]),
  row.calls(16, 'a token in another field is no credential', { basis: 'kuma', norm: 'Kuma metadata key' }, [
    ...['token', 'x-auth-token', 'cp-token'].map((name) =>
      call(name, U, (bench) => instead(bench, (token) => [[name, token]])),
    ),
    call('cookie', U, (bench) => instead(bench, (token) => [['cookie', `token=${token}`]])),
  ]),
  row.calls(17, 'a token in the path is no credential', { basis: 'ours', norm: 'RFC 6750 §2.3', needs: RAW }, [
    draft('access_token', ['UNIMPLEMENTED', 'UNAUTHENTICATED'], async (bench) => ({
      fields: bench.fields(undefined),
      query: `access_token=${await bench.legalToken()}`,
    })),
  ]),
  row.calls(18, 'a token in the authority is no credential', { basis: 'ours', norm: 'RFC 9113 §8.3.1', needs: RAW }, [
    draft('userinfo', U_OR_CONNECTION, async (bench) => ({
      fields: bench.fields(undefined),
      userinfo: `zone:${await bench.legalToken()}`,
    })),
  ]),
  row.calls(
    19,
    'a valid token of 7.5 KiB is taken',
    { basis: 'ours', norm: 'gRPC metadata limit guidance', needs: ['keys'] },
    [credential('7.5 KiB', OK, (bench) => padded(bench, 5_200))],
  ),
  row.calls(
    20,
    'a valid token of 9 KiB is taken, one above 16 KiB is too large',
    {
      basis: 'ours',
      norm: 'gRPC metadata limit guidance',
      needs: ['keys', 'raw-http2'],
      delta: { zonelab: 'a limit of 16 KiB', kuma: 'a limit of 16 MiB' },
    },
    [
      credential('9 KiB', OK, (bench) => padded(bench, 6_300)),
      credential('above 16 KiB', RE, (bench) => padded(bench, 12_300), OK),
    ],
  ),
  row.calls(
    21,
    'metadata beyond every limit is refused below gRPC, and the process stays up',
    {
      basis: 'ours',
      norm: 'RFC 9113 §6.5.2',
      needs: ['keys', 'raw-http2'],
      safety: 'intrusive',
      delta: { zonelab: 'the connection refuses it', kuma: 'a limit of 16 MiB' },
    },
    [credential('above 64 KiB', ['CONNECTION', 'RESOURCE_EXHAUSTED'], (bench) => padded(bench, 60_000), OK)],
  ),
  row.calls(
    22,
    'a credential with a byte above 0x7f is refused and not logged',
    { basis: 'rfc', norm: 'gRPC ASCII-Value', needs: RAW },
    [credential('byte 0xe9', U_OR_CONNECTION, async (bench) => withByte(await bench.legalToken(), 0xe9))],
  ),
  row.calls(
    23,
    'control characters in a credential are refused',
    { basis: 'rfc', norm: 'RFC 9113 §8.2.1', needs: RAW },
    [0x00, 0x0d, 0x0a].map((byte) =>
      credential(`byte 0x${byte.toString(16).padStart(2, '0')}`, U_OR_CONNECTION, async (bench) =>
        withByte(await bench.legalToken(), byte),
      ),
    ),
  ),
  row.calls(
    24,
    'a space around the token is stripped by the transport or refused',
    { basis: 'ours', norm: 'gRPC ASCII-Value', needs: RAW },
    [
      credential('leading', ['OK', ...U_OR_CONNECTION], async (bench) => ` ${await bench.legalToken()}`),
      credential('trailing', ['OK', ...U_OR_CONNECTION], async (bench) => `${await bench.legalToken()} `),
    ],
  ),
  row.calls(25, 'a call without client-id is an invalid argument', { basis: 'kuma', norm: 'Kuma zone metadata' }, [
    call('no client-id', IA, (bench) => asZone(bench)),
  ]),
  row.calls(
    26,
    'two client-ids are an invalid argument',
    {
      basis: 'ours',
      norm: 'one zone a call',
      needs: RAW,
      delta: { zonelab: 'refused', kuma: 'the first counts' },
    },
    [
      call('own zone, then another', IA, (bench) => asZone(bench, bench.zone, bench.unseenZone), OK),
      call('another, then own zone', IA, (bench) => asZone(bench, bench.unseenZone, bench.zone), ['PERMISSION_DENIED']),
    ],
  ),
  row.calls(
    27,
    'a client-id that is no zone name is refused at once',
    {
      basis: 'ours',
      norm: 'RFC 1035 §2.3.1',
      delta: { zonelab: 'an invalid argument', kuma: 'compared with the token first' },
    },
    [
      ['empty', ''],
      ['upper case', 'Z1'],
      ['underscore', 'z_1'],
      ['64 characters', 'z'.repeat(64)],
      ['path', '../z1'],
      ['percent', 'z1%00'],
    ].map(([name = '', zone = '']) =>
      call(name, IA, (bench) => asZone(bench, zone), ['PERMISSION_DENIED', 'INVALID_ARGUMENT']),
    ),
  ),
  row.calls(
    28,
    'a client-id that comes too late does not count',
    { basis: 'ours', norm: 'gRPC PROTOCOL-HTTP2', needs: RAW },
    [
      draft('in trailers', IA, async (bench) => ({
        fields: await asZone(bench),
        trailers: [[KDS_HEADER.clientId, bench.zone]],
      })),
    ],
  ),
  row.scenario(
    29,
    'a health check before any stream is answered and makes no Zone',
    { basis: 'kuma', norm: 'Kuma zone health', needs: ['keys', 'api'] },
    async (stage) => {
      const { bench } = stage
      const token = tokenWith(bench, { claims: { Zone: bench.unseenZone } })
      const fields = bench.fields(token, bench.unseenZone)
      stage.expect('health check', await stage.call('HealthCheck', { fields }), OK)
      const zone = await stage.api.get(`/zones/${bench.unseenZone}`)
      stage.check('no Zone', zone === undefined, `GET /zones/${bench.unseenZone}`)
    },
  ),
]
