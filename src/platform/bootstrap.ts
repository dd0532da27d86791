import { readFileSync, writeFileSync } from 'node:fs'
import type { Clock } from '../base/clock.js'
import type { Random } from '../base/random.js'
import type { RecordStore } from '../store/records.js'
import { audit } from './audit.js'
import { isLive } from './caller.js'
import { roleName } from './control-planes.js'
import { create, type Entity, entityOf, Records } from './entities.js'
import { ADMIN_TEAM, MESH_ENTITY } from './grants.js'
import { SAT_LIFETIME_MAX_MS } from './provision-zone.js'
import { digestOf, newSecret } from './secrets.js'
import { SYSTEM_TRAIL } from './zone-events.js'

export interface BootstrapOptions {
  readonly store: RecordStore
  readonly clock: Clock
  readonly random: Random
  /** Each gets an admin. */
  readonly organizations: readonly string[]
  /** Of the first organisation's admin token; the others' lie beside it, with their names at the end. Empty: none. */
  readonly tokenFile: string
}

/** Makes the organisations that are configured and not there, each with an admin, and puts its token where it is asked for. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const there = await existingOrganizations(options.store)
  for (const [index, name] of options.organizations.entries()) {
    const id = there.get(name) ?? (await makeOrganization(name, options))
    const file = index === 0 ? options.tokenFile : `${options.tokenFile}.${name}`
    if (options.tokenFile !== '') await ensureToken(file, id, options)
  }
}

async function existingOrganizations(store: RecordStore): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for (const id of await store.organizations()) {
    const organization = await new Records(store.organization(id)).get('organization', id)
    if (organization) names.set(organization.name, id)
  }
  return names
}

async function makeOrganization(name: string, { store, clock, random }: BootstrapOptions): Promise<string> {
  const id = random.uuid()
  const atMs = clock.nowMs()
  const stamps = { createdAtMs: atMs, updatedAtMs: atMs }
  const user = random.uuid()
  const team = random.uuid()
  const everything = { role: 'Admin', entityType: MESH_ENTITY, entityId: '*', region: '*' }
  await new Records(store.organization(id)).commit(
    create({ kind: 'organization', id, name, body: { state: 'active', personalTokens: true, createdAtMs: atMs } }),
    create({
      kind: 'user',
      id: user,
      name: `admin@${name}.example`,
      body: { ...stamps, fullName: `Admin of ${name}`, active: true },
    }),
    create({
      kind: 'team',
      id: team,
      name: ADMIN_TEAM,
      body: { ...stamps, description: 'May do everything in this organisation', predefined: true },
    }),
    create({ kind: 'role', id: random.uuid(), parent: team, name: roleName(everything), body: everything }),
    create({ kind: 'member', id: random.uuid(), parent: team, name: user, body: { holder: 'user' } }),
  )
  return id
}

/** The token that the file holds, while it is good for something; else a new one of the first admin. */
async function ensureToken(file: string, organization: string, options: BootstrapOptions): Promise<void> {
  const { store, clock, random } = options
  const nowMs = clock.nowMs()
  const kept = readIfThere(file)
  const found = kept === undefined ? undefined : await store.findByDigest(digestOf(kept))
  if (found?.organization === organization && isLive(entityOf<'token'>(found.record), nowMs)) return
  const records = new Records(store.organization(organization))
  const admin = await firstAdmin(records)
  if (!admin) return
  const secret = newSecret('pat')
  const token = random.uuid()
  await records.commit(
    create({
      kind: 'token',
      id: token,
      parent: admin.id,
      name: `bootstrap ${token}`,
      digest: secret.digest,
      body: { kind: 'pat', expiresAtMs: nowMs + SAT_LIFETIME_MAX_MS, createdAtMs: nowMs, updatedAtMs: nowMs },
    }),
    audit({
      ...SYSTEM_TRAIL,
      atMs: nowMs,
      action: 'issue',
      object: `token of ${admin.name}`,
      objectId: token,
      controlPlane: undefined,
      result: 'done',
    }),
  )
  writeFileSync(file, secret.text, { mode: 0o600 })
}

async function firstAdmin(records: Records): Promise<Entity<'user'> | undefined> {
  const [team] = await records.list('team', { name: ADMIN_TEAM })
  const [member] = team ? await records.list('member', { parent: team.id }) : []
  return member && records.get('user', member.name)
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}
