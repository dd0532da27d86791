import type { Case } from '../case.js'
import { RPCS } from '../rpc.js'
import type { Side, Stage } from '../stage.js'
import { ACCOUNTS, type Account, CONTROL_PLANES, type Role } from '../target-platform.js'
import { tokenWith } from '../tokens/base-token.js'
import { endOfCredential } from './life-cycle.js'
import { OK, PD, rowsOf, U } from './row.js'

/** auth.md §4.10, second part: what happens to access tokens over time, and what their settings do. */
const row = rowsOf('sat')
const PLATFORM = { profiles: ['konnect-sat'], needs: ['platform'] } as const
/** Instances of a target, each with a platform of its own. */
const OPERATOR = { profiles: ['konnect-sat'], needs: ['platform', 'operator'] } as const
/** A feed tells globals; Konnect documents a cache of up to 15 minutes, which is too long for anybody who revokes. */
const KNOWN_WITHIN_MS = 15_000
const SHORT_LIFE_MS = 3_000
const CACHE_S = 3

/** A control plane of the case's own, and an account with this role on it. */
async function home({ bench }: Side, role: Omit<Role, 'on'> = {}) {
  const controlPlane = await bench.platform.newControlPlane()
  const account = await bench.platform.account({ ...role, on: controlPlane.id })
  return { controlPlane, account, fields: bench.fields(account.token, bench.zone, controlPlane.id) }
}

/** Taken before, then something happens, and from then on it is refused on every RPC. */
async function refusedAfter(
  stage: Stage,
  side: Side,
  fields: ReturnType<Side['bench']['fields']>,
  answers: typeof U,
  happen: () => Promise<unknown>,
): Promise<void> {
  const peer = await side.bench.legalCall()
  await stage.until(KNOWN_WITHIN_MS, async () => (await side.call('HealthCheck', { fields })).answer === 'OK')
  for (const rpc of RPCS) stage.expect(`${rpc} before`, await side.call(rpc, { fields }), OK)
  await happen()
  await stage.until(KNOWN_WITHIN_MS, async () => (await side.call('HealthCheck', { fields })).answer !== 'OK')
  for (const rpc of RPCS) stage.expect(`${rpc} after`, await side.call(rpc, { fields }), answers)
  stage.expect('the legal peer is served', await side.call('HealthCheck', peer), OK)
}

function tokenPath({ path, tokenId }: Account): string {
  return `${path}/access-tokens/${tokenId}`
}

export const SAT_LIFE: readonly Case[] = [
  row.scenario(
    173,
    'a token is good until its end and not at it',
    { basis: 'rfc', norm: 'RFC 7519 §4.1.4', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { controlPlane, account } = await home(stage)
      const { token } = await bench.platform.issue(account.path, SHORT_LIFE_MS)
      const fields = bench.fields(token, bench.zone, controlPlane.id)
      stage.expect('before', await stage.call('HealthCheck', { fields }), OK)
      await stage.sleep(SHORT_LIFE_MS)
      for (const rpc of RPCS) stage.expect(`${rpc} after`, await stage.call(rpc, { fields }), U)
    },
  ),
  row.scenario(
    174,
    'a deleted token is refused at once',
    { basis: 'konnect', norm: 'revocation', ...PLATFORM },
    async (stage) => {
      const { account, fields } = await home(stage)
      await refusedAfter(stage, stage, fields, U, () => stage.bench.platform.api.delete(tokenPath(account)))
    },
  ),
  row.scenario(
    175,
    'a deleted token ends its session as the target declares',
    { basis: 'kuma', norm: 'kumahq/kuma#3379', ...PLATFORM },
    async (stage) => {
      const { platform } = stage.bench
      const account = await platform.account({ on: '*' })
      const own = { side: stage, token: account.token }
      await endOfCredential(stage, own, () => platform.api.delete(tokenPath(account)))
    },
  ),
  row.scenario(
    176,
    'tokens of a deleted account are refused',
    { basis: 'konnect', norm: 'revocation', ...PLATFORM },
    async (stage) => {
      const { account, fields } = await home(stage)
      await refusedAfter(stage, stage, fields, U, () => stage.bench.platform.api.delete(account.path))
    },
  ),
  row.scenario(
    177,
    'a role that is taken away opens nothing',
    { basis: 'konnect', norm: 'mesh roles', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { platform } = bench
      const controlPlane = await platform.newControlPlane()
      const account = await platform.account()
      const role = await platform.assign(account.path, { on: controlPlane.id })
      const fields = bench.fields(account.token, bench.zone, controlPlane.id)
      await refusedAfter(stage, stage, fields, PD, () => platform.api.delete(`${account.path}/assigned-roles/${role}`))
    },
  ),
  row.scenario(
    182,
    "a team's role counts for its members, and for nobody who left",
    { basis: 'konnect', norm: 'roles are additive', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { platform } = bench
      const controlPlane = await platform.newControlPlane()
      const account = await platform.account()
      const team = await platform.newTeam()
      const fields = bench.fields(account.token, bench.zone, controlPlane.id)
      stage.expect('without a role', await stage.call('HealthCheck', { fields }), PD)
      await platform.assign(team, { on: controlPlane.id })
      await platform.post(`${team}/system-accounts`, { account_id: account.id })
      await stage.until(KNOWN_WITHIN_MS, async () => (await stage.call('HealthCheck', { fields })).answer === 'OK')
      const leave = () => platform.api.delete(`${team}/system-accounts/${account.id}`)
      await refusedAfter(stage, stage, fields, PD, leave)
    },
  ),
  row.scenario(
    183,
    'roles are named exactly, on the entities that they are for',
    { basis: 'ours', norm: 'exact names', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { platform } = bench
      const controlPlane = await platform.newControlPlane()
      for (const role of [{ role: 'connector' }, { entityType: 'Control Planes' }]) {
        const account = await platform.account()
        const body = platform.roleBody({ ...role, on: controlPlane.id })
        const { status } = await platform.api.send('POST', `${account.path}/assigned-roles`, body)
        const name = Object.values(role).join()
        stage.check(`${name}: the API takes or refuses it`, [200, 201, 400].includes(status), `${status}`)
        const fields = bench.fields(account.token, bench.zone, controlPlane.id)
        for (const rpc of RPCS) stage.expect(`${name} on ${rpc}`, await stage.call(rpc, { fields }), PD)
      }
    },
  ),
  row.scenario(
    185,
    'where an organisation allows no personal tokens none is taken',
    { basis: 'konnect', norm: 'organisation settings', ...OPERATOR },
    async (stage) => {
      const side = await stage.instance({ auth: 'sat' })
      const { platform, fields } = side.bench
      const forbid = () => platform.patch('/v3/organizations/me', { personal_access_tokens: false })
      await refusedAfter(stage, side, fields(platform.userToken), U, forbid)
    },
  ),
  row.scenario(
    189,
    'a token is shown once and never again',
    { basis: 'konnect', norm: 'create only', ...PLATFORM },
    async (stage) => {
      const { platform } = stage.bench
      const account = await platform.account()
      const paths = [account.path, tokenPath(account), `${account.path}/access-tokens`, ACCOUNTS]
      for (const path of paths) {
        const { status, body } = await platform.api.send('GET', path)
        stage.check(
          path.replace(account.id, 'ID'),
          status === 200 && !body.includes(account.token.slice(5)),
          `${status}`,
        )
      }
    },
  ),
  row.scenario(
    190,
    "a provisioned zone's token is for that zone; another's account for all of its control plane",
    { basis: 'ours', norm: 'provisionZone names a zone', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { controlPlane, account } = await home(stage)
      const provisioned = await bench.platform.provision(controlPlane, bench.zone)
      const other = bench.unseenZone
      for (const rpc of RPCS) {
        const as = (token: string, zone: string) =>
          stage.call(rpc, { fields: bench.fields(token, zone, controlPlane.id) })
        stage.expect(`its own zone on ${rpc}`, await as(provisioned, bench.zone), OK)
        stage.expect(`another zone on ${rpc}`, await as(provisioned, other), PD)
      }
      stage.check('no Zone is made', (await controlPlane.api.get(`/zones/${other}`)) === undefined, other)
      const fields = bench.fields(account.token, other, controlPlane.id)
      stage.expect("any zone with an account's", await stage.call('HealthCheck', { fields }), OK)
    },
  ),
  row.scenario(
    194,
    'a global that takes zone tokens alone takes no access token',
    { basis: 'ours', norm: 'one kind a mode', ...OPERATOR },
    async (stage) => {
      const side = await stage.instance({ auth: 'zone-token' })
      const fields = side.bench.fields(await stage.bench.legalToken())
      stage.expect('a zone token', await side.call('HealthCheck', await side.bench.legalCall()), OK)
      for (const rpc of RPCS) stage.expect(rpc, await side.call(rpc, { fields }), U)
    },
  ),
  row.scenario(
    195,
    'a control plane that takes access tokens alone takes no zone token',
    {
      basis: 'konnect',
      norm: 'the gateway admits',
      profiles: ['konnect-sat'],
      needs: ['platform', 'keys', 'operator'],
    },
    async (stage) => {
      const side = await stage.instance({ auth: 'sat' })
      const { bench } = side
      const fields = bench.fields(tokenWith(bench, {}))
      const path = `${CONTROL_PLANES}/${bench.cpId?.id}/zone-access`
      const close = () => bench.platform.patch(path, { credentials: 'sat' })
      await refusedAfter(stage, side, fields, U, close)
    },
  ),
  row.scenario(
    196,
    'without its platform a target knows tokens for a while, and then lets nobody new in',
    { basis: 'ours', norm: 'never fail open', ...OPERATOR },
    async (stage) => {
      const side = await stage.instance({ auth: 'sat', admissionMaxAgeSeconds: CACHE_S })
      const draft = await side.bench.legalCall()
      const answer = async () => (await side.call('HealthCheck', draft)).answer
      stage.expect('with it', await side.call('HealthCheck', draft), OK)
      await side.instance.setPlatformDown(true)
      stage.expect('just after', await side.call('HealthCheck', draft), OK)
      await stage.until(CACHE_S * 1_000 + KNOWN_WITHIN_MS, async () => (await answer()) !== 'OK')
      for (const rpc of RPCS) stage.expect(`${rpc} without it`, await side.call(rpc, draft), ['UNAVAILABLE'])
      await side.instance.setPlatformDown(false)
      await stage.until(KNOWN_WITHIN_MS, async () => (await answer()) === 'OK')
      stage.expect('with it again', await side.call('HealthCheck', draft), OK)
    },
  ),
  row.scenario(
    197,
    'a token is asked for with an end within a year',
    { basis: 'konnect', norm: 'system account tokens', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { path } = await bench.platform.account()
      const at = (offsetS: number) => new Date((bench.nowS + offsetS) * 1_000).toISOString()
      const bodies = {
        'more than 12 months': { expires_at: at(400 * 86_400) },
        'in the past': { expires_at: at(-60) },
        missing: {},
        'no date': { expires_at: 'tomorrow' },
      }
      for (const [name, body] of Object.entries(bodies)) {
        const answer = await bench.platform.api.send('POST', `${path}/access-tokens`, { name: 'x', ...body })
        const named = answer.status === 400 && answer.body.includes('invalid_parameters')
        stage.check(name, named, `${answer.status} ${answer.body.slice(0, 200)}`)
      }
    },
  ),
  row.scenario(
    198,
    'a managed account is changed and deleted by nobody but the platform',
    { basis: 'konnect', norm: 'konnect_managed', ...PLATFORM },
    async (stage) => {
      const { bench } = stage
      const { api } = bench.platform
      const controlPlane = await bench.platform.newControlPlane()
      const token = await bench.platform.provision(controlPlane, bench.zone)
      const list = await api.get(`${ACCOUNTS}?filter[konnect_managed]=true&page[size]=100`)
      const managed = ((list?.data ?? []) as readonly { id: string; name: string }[]).find(({ name }) =>
        name.includes(bench.zone),
      )
      stage.check('it is listed', managed !== undefined, bench.zone)
      for (const [method, body] of [
        ['PATCH', { description: 'x' }],
        ['DELETE', undefined],
      ] as const) {
        const { status } = await api.send(method, `${ACCOUNTS}/${managed?.id}`, body)
        stage.check(method, [400, 403].includes(status), `${status}`)
      }
      const fields = bench.fields(token, bench.zone, controlPlane.id)
      stage.expect('its token is good', await stage.call('HealthCheck', { fields }), OK)
    },
  ),
  row.scenario(
    199,
    'an organisation that is not active connects no zone',
    { basis: 'konnect', norm: 'account state', profiles: ['konnect-sat'], needs: ['platform', 'keys', 'operator'] },
    async (stage) => {
      const side = await stage.instance({ auth: 'sat' })
      const { platform, legalCall, fields } = side.bench
      const jwt = { fields: fields(tokenWith(side.bench, {})) }
      const sat = await legalCall()
      for (const draft of [sat, jwt]) stage.expect('active', await side.call('HealthCheck', draft), OK)
      await platform.patch('/v3/organizations/me', { state: 'inactive' })
      await stage.until(KNOWN_WITHIN_MS, async () => (await side.call('HealthCheck', sat)).answer !== 'OK')
      for (const rpc of RPCS) {
        stage.expect(`access token on ${rpc}`, await side.call(rpc, sat), PD)
        stage.expect(`zone token on ${rpc}`, await side.call(rpc, jwt), PD)
      }
    },
  ),
]
