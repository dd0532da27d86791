import type { Bench } from '../bench.js'
import type { Case } from '../case.js'
import { type Members, tokenWith } from '../tokens/base-token.js'
import { compact, rs256 } from '../tokens/encoder.js'
import { call, credential, draft, PD, rowsOf, U } from './row.js'

/** auth.md §4.11: a token opens nothing but what it is for, whoever signed it. */
const row = rowsOf('cross-use')
const KINDS = 'RFC 8725 §3.12'
const BOTH = { needs: ['keys', 'api'] } as const
const REST = { profiles: ['user-token'] } as const

const DATAPLANE: Members = { Name: 'zonelab-conformance', Mesh: 'default', Tags: {}, Type: 'dataplane', Workload: '' }
const USER: Members = { Name: 'mesh-system:admin', Groups: ['mesh-system:admin'] }

/** Claims of another kind below the signature of this one's key, as if one key were configured for both. */
const sharedKey = (bench: Bench, claims: Members) => {
  const nothing = Object.fromEntries(Object.keys(bench.claims).map((name) => [name, undefined]))
  return tokenWith(bench, { claims: { ...nothing, ...claims } })
}

/** How Kubernetes projects the token of a service account: RS256, a hash for kid, an audience of its own. */
const serviceAccount = (bench: Bench) =>
  compact(
    { alg: 'RS256', kid: 'HY4gU3w8kJcNq3u1lZ2Yy1nC0f7xWb6TtJk5sR9pQmE' },
    {
      aud: ['https://kubernetes.default.svc.cluster.local'],
      iss: 'https://kubernetes.default.svc.cluster.local',
      sub: 'system:serviceaccount:kuma-system:kuma-control-plane',
      exp: bench.nowS + 3600,
      nbf: bench.nowS - 5,
      iat: bench.nowS - 5,
    },
    rs256(bench.strangerKey),
  )

const without = (name: string, path: string) =>
  draft(name, ['UNIMPLEMENTED', 'UNAUTHENTICATED'], (bench) => ({ fields: bench.fields(undefined), path }))

const ON_KDS: readonly Case[] = [
  row.calls(200, 'a dataplane token is refused', { basis: 'kuma', norm: KINDS, needs: ['api'] }, [
    credential('a dataplane token', U, (bench) => bench.tokenOf('dataplane')),
  ]),
  row.calls(201, 'a dataplane token below a shared key is denied', { basis: 'kuma', norm: KINDS, needs: ['keys'] }, [
    credential('claims of a dataplane', PD, (bench) => sharedKey(bench, DATAPLANE)),
  ]),
  row.calls(203, 'a user token is refused, below a shared key denied', { basis: 'kuma', norm: KINDS, ...BOTH }, [
    credential('a user token', U, (bench) => bench.tokenOf('user')),
    credential('claims of the admin', PD, (bench) => sharedKey(bench, USER)),
  ]),
]

const ON_XDS: readonly Case[] = [
  row.calls(
    202,
    'a zone token is no dataplane token',
    {
      basis: 'kuma',
      norm: KINDS,
      profiles: ['dataplane-token'],
      ...BOTH,
      delta: { zonelab: 'a token must name its mesh', kuma: 'below a shared key it is one of any dataplane' },
    },
    [
      credential('a zone token', U, (bench) => bench.tokenOf('zone')),
      credential('a user token', U, (bench) => bench.tokenOf('user')),
      credential(
        'claims of a zone below a shared key',
        ['UNAUTHENTICATED', 'PERMISSION_DENIED'],
        (bench) => sharedKey(bench, { Zone: 'z', Scope: ['cp'] }),
        ['OK'],
      ),
    ],
  ),
]

const ON_REST: readonly Case[] = [
  row.calls(
    204,
    'a zone token is no user',
    {
      basis: 'kuma',
      norm: KINDS,
      ...REST,
      ...BOTH,
      delta: { zonelab: 'no user has an empty name', kuma: 'below a shared key a user without name or right' },
    },
    [
      credential('a zone token', U, (bench) => bench.tokenOf('zone')),
      credential('a dataplane token', U, (bench) => bench.tokenOf('dataplane')),
      credential(
        'claims of a zone below a shared key',
        U,
        (bench) => sharedKey(bench, { Zone: 'z', Scope: ['cp'] }),
        PD,
      ),
    ],
  ),
  row.calls(
    205,
    'a zone token issues no zone token',
    { basis: 'kuma', norm: 'Kuma access', ...REST, needs: ['api'], doors: ['POST /tokens/zone'] },
    [credential('a zone token', ['UNAUTHENTICATED', 'PERMISSION_DENIED'], (bench) => bench.tokenOf('zone'))],
  ),
  row.calls(206, 'nobody in particular gets nothing', { basis: 'kuma', norm: 'Kuma access', ...REST, needs: ['api'] }, [
    call('no authorization', PD, (bench) => bench.fields(undefined)),
  ]),
  row.scenario(
    207,
    'where localhost is the admin, only who comes straight from there is',
    { basis: 'kuma', norm: 'Kuma localhost rule', ...REST, needs: ['operator'] },
    async (stage) => {
      const { api, bench } = await stage.instance({ localhostIsAdmin: true })
      const body = { zone: bench.zone, scope: ['cp'], validFor: '1m' }
      const asked = async (headers: Readonly<Record<string, string>>) =>
        (await api.send('POST', '/tokens/zone', body, null, headers)).status
      const straight = await asked({})
      stage.check('straight from localhost it is issued', straight === 200, `HTTP ${straight}`)
      for (const [name, value] of FROM_ELSEWHERE) {
        const status = await asked({ [name]: value })
        stage.check(`with ${name} ${value} it is denied`, status === 403, `HTTP ${status}`)
      }
    },
  ),
  row.calls(208, 'a user who is no admin is denied', { basis: 'kuma', norm: 'Kuma access', ...REST, needs: ['api'] }, [
    credential('a user without a right', PD, (bench) => bench.tokenOf('user')),
  ]),
  row.calls(
    209,
    'bearer in lower case makes nobody',
    { basis: 'kuma', norm: 'Kuma prefix rule', ...REST, needs: ['api'] },
    [
      call('bearer', PD, async (bench) => [['authorization', `bearer ${await bench.legalToken()}`]]),
      call('the bare token', PD, async (bench) => [['authorization', await bench.legalToken()]]),
    ],
  ),
]

const FROM_ELSEWHERE = [
  ['x-forwarded-for', '192.0.2.1'],
  ['origin', 'http://elsewhere.example'],
  ['host', 'elsewhere.example'],
] as const

const ANY: readonly Case[] = [
  row.calls(212, 'a projected service account token is refused', { basis: 'kuma', norm: KINDS }, [
    credential('service account', U, serviceAccount),
  ]),
  row.calls(
    214,
    'who shows nothing learns nothing of the services',
    { basis: 'ours', norm: 'no schema without a token', doors: ['HealthCheck'] },
    [
      without('reflection', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'),
      without('reflection, alpha', '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo'),
      without('health service', '/grpc.health.v1.Health/Check'),
      without('unknown method', '/kuma.mesh.v1alpha1.KDSSyncService/Nothing'),
      without('unknown service', '/zonelab.Nothing/Nothing'),
    ],
  ),
]

export const CROSS_USE: readonly Case[] = [...ON_KDS.slice(0, 2), ...ON_XDS, ...ON_KDS.slice(2), ...ON_REST, ...ANY]
