import type { Answer } from '../answer.js'
import type { Case, Variant } from '../case.js'
import { type Members, tokenWith } from '../tokens/base-token.js'
import { call, credential, rowsOf, U } from './row.js'

/** Beyond auth.md §4: which Dataplane a dataplane token is for (kuma `pkg/xds/auth`). */
const row = rowsOf('identity', ['dataplane-token'])
const KEYS = { basis: 'kuma', norm: 'Kuma pkg/xds/auth', needs: ['keys'] } as const
const REFUSED: readonly Answer[] = ['UNAUTHENTICATED', 'PERMISSION_DENIED']

const claims = (name: string, changes: Members): Variant =>
  credential(name, REFUSED, (bench) => tokenWith(bench, { claims: changes }))

export const SIDECAR_IDENTITY: readonly Case[] = [
  row.calls(225, 'a sidecar that shows nothing is refused', { basis: 'kuma', norm: 'Kuma pkg/xds/auth' }, [
    call('no authorization', U, (bench) => bench.fields(undefined)),
  ]),
  row.calls(226, 'a token of another Dataplane is refused', KEYS, [
    claims('another name', { Name: 'zonelab-conformance-other' }),
    credential('upper case', REFUSED, (bench) => tokenWith(bench, { claims: { Name: bench.zone.toUpperCase() } })),
  ]),
  row.calls(227, 'a token of another mesh is refused', KEYS, [
    claims('another mesh', { Mesh: 'zonelab-conformance-other' }),
  ]),
  row.calls(228, 'a token for labels that the Dataplane does not have is refused', KEYS, [
    claims('a label that is not there', { Tags: { 'zonelab/none': ['x'] } }),
    claims('another value', { Tags: { 'kuma.io/mesh': ['zonelab-conformance-other'] } }),
  ]),
  row.calls(229, 'a token of a workload that the Dataplane is not of is refused', KEYS, [
    claims('another workload', { Workload: 'zonelab-conformance-other' }),
  ]),
]
