import { type Cancel, type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { parseTenantId } from '../model/tenant.js'
import type { RecordCommit, RecordStore } from '../store/records.js'
import { encodeFeedLine } from '../wire/admission-feed.js'
import { holderOf, isLive } from './caller.js'
import { type ControlPlane, type Organization, Records } from './entities.js'
import { FeedState, type StateLine } from './feed-state.js'
import { rightsOf } from './grants.js'

export interface AdmissionFeedsOptions {
  readonly store: RecordStore
  readonly shards: readonly string[]
  readonly clock: Clock
  readonly log: Logger
}

/** Where one global reads. */
export interface FeedSink {
  write(text: string): void
}

/** A reader that hears nothing for some of these takes the feed for broken. */
const HEARTBEAT_EVERY_MS = 1_000
/** How soon a commit is looked at again whose records could not be read. */
const TRY_AGAIN_MS = 500

/** What changed, by what has to be looked at again. */
interface Touched {
  readonly holders: Set<string>
  /** Their members are all looked at. */
  readonly teams: Set<string>
  readonly controlPlanes: Set<string>
  everything: boolean
}

/**
 * What each global needs to know to admit zones: the control planes that it holds, and the tokens of their organisations
 * with what their holders may do. Kept in memory, brought up to date by every commit, and told to whoever reads.
 * A token of an organisation without a control plane on a shard can open nothing there, so that shard is not told of it.
 * While it cannot know whether it is up to date, it is silent: silence makes a global refuse new tokens, a wrong word would
 * let revoked ones in.
 */
export class AdmissionFeeds {
  readonly #options: AdmissionFeedsOptions
  readonly #states: ReadonlyMap<string, FeedState>
  readonly #sinks = new Map<string, Set<FeedSink>>()
  /** Shards on which an organisation has control planes. */
  readonly #presence = new Map<string, ReadonlySet<string>>()
  #revision = 0
  /** Commits are worked off one after the other, so that no older reading overwrites a newer one. */
  #work: Promise<void> = Promise.resolve()
  #unwatch: () => void = () => {}
  #cancelHeartbeat: Cancel = () => {}
  /** A commit has not been told, because the records cannot be read. */
  #isBehind = false
  #stopped = false

  constructor(options: AdmissionFeedsOptions) {
    this.#options = options
    this.#states = new Map(options.shards.map((shard) => [shard, new FeedState()]))
  }

  async start(): Promise<void> {
    const { store } = this.#options
    this.#unwatch = store.watch((commit) => this.#queue(commit.organization, touchedBy(commit)))
    for (const organization of await store.organizations()) {
      this.#queue(organization, { ...nothing(), everything: true })
    }
    await this.settled()
    this.#beat()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unwatch()
    this.#cancelHeartbeat()
    await this.settled()
  }

  /** Resolves when every commit so far has been told. */
  async settled(): Promise<void> {
    await this.#work
  }

  /** Tells `sink` the whole state, then each change. Throws `not-found` for an unknown shard, `unavailable`. Returns how to end it. */
  async open(shard: string, sink: FeedSink): Promise<() => void> {
    const state = this.#states.get(shard)
    if (!state) throw new AppError('not-found', `there is no shard ${shard}`)
    await this.settled()
    if (!this.#isCurrent()) throw new AppError('unavailable', 'what the feed would tell may be behind')
    const revision = this.#revision
    sink.write(encodeFeedLine({ kind: 'reset', revision }))
    for (const line of state.lines()) sink.write(line)
    sink.write(encodeFeedLine({ kind: 'complete', revision }))
    const sinks = this.#sinks.get(shard) ?? new Set()
    this.#sinks.set(shard, sinks.add(sink))
    return () => sinks.delete(sink)
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(HEARTBEAT_EVERY_MS, () => {
      const line = encodeFeedLine({ kind: 'heartbeat', revision: this.#revision })
      if (this.#isCurrent()) for (const shard of this.#sinks.keys()) this.#tell(shard, [line])
      this.#beat()
    })
  }

  #isCurrent(): boolean {
    return !this.#isBehind && this.#options.store.isSoleWriter()
  }

  #queue(organization: string, touched: Touched): void {
    this.#work = this.#work.then(() => this.#untilTold(organization, touched))
  }

  /** No later commit is told before this one. */
  async #untilTold(organization: string, touched: Touched): Promise<void> {
    const { clock, log } = this.#options
    while (!this.#stopped) {
      try {
        await this.#refresh(organization, touched)
        this.#isBehind = false
        return
      } catch (thrown) {
        if (!this.#isBehind) {
          log.error('the admission feed is behind', { organization, error: AppError.from(thrown) })
        }
        this.#isBehind = true
        await sleep(clock, TRY_AGAIN_MS)
      }
    }
  }

  async #refresh(organization: string, touched: Touched): Promise<void> {
    const records = new Records(this.#options.store.organization(organization))
    const self = await records.get('organization', organization)
    const controlPlanes = (await records.list('control-plane')).filter(({ body }) => body.phase === 'ready')
    const presence = new Set(controlPlanes.map(({ body }) => body.shard))
    const moved = !sameSet(presence, this.#presence.get(organization) ?? new Set())
    const everything = touched.everything || moved
    this.#revision += 1
    const held = everything ? controlPlanes.map(({ id }) => id) : [...touched.controlPlanes]
    for (const id of new Set([...held, ...touched.controlPlanes])) {
      const line =
        self &&
        lineOfControlPlane(
          self,
          controlPlanes.find((candidate) => candidate.id === id),
        )
      this.#replace(id, line ? [line.shard] : [], line ? [line.line] : [])
    }
    const holders = everything
      ? await this.#allHolders(records, touched.holders)
      : await this.#withMembers(records, touched)
    for (const holder of holders) {
      const lines = self ? await this.#linesOfHolder(self, records, holder) : []
      const [managed] = lines
      const home = managed?.kind === 'credential' ? managed.zone?.controlPlane : undefined
      const only = controlPlanes.find(({ id }) => id === home)?.body.shard
      this.#replace(holder, home === undefined ? [...presence] : only === undefined ? [] : [only], lines)
    }
    // Last, so that a refresh that fails before is a move again when it is tried again.
    this.#presence.set(organization, presence)
  }

  async #allHolders(records: Records, also: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const [users, accounts] = [await records.list('user'), await records.list('account')]
    return new Set([...also, ...users.map(({ id }) => id), ...accounts.map(({ id }) => id)])
  }

  async #withMembers(records: Records, { holders, teams }: Touched): Promise<ReadonlySet<string>> {
    const members = await Promise.all([...teams].map((parent) => records.list('member', { parent })))
    return new Set([...holders, ...members.flat().map(({ name }) => name)])
  }

  async #linesOfHolder(self: Organization, records: Records, id: string): Promise<StateLine[]> {
    const nowMs = this.#options.clock.nowMs()
    const tokens = (await records.list('token', { parent: id })).filter((token) => isLive(token, nowMs))
    const [first] = tokens
    const holder = first && (await holderOf(records, first))
    if (!holder) return []
    const { grants } = await rightsOf(records, id)
    const zone = holder.kind === 'account' ? (await records.get('account', id))?.body.zone : undefined
    return tokens.map(({ id: tokenId, digest = '', body }) => ({
      kind: 'credential',
      digest,
      id: tokenId,
      tokenKind: body.kind,
      holder,
      organization: self.id,
      expiresAtMs: body.expiresAtMs,
      ...(zone && { zone: { controlPlane: parseTenantId(zone.controlPlane), name: zone.name } }),
      grants: grants.map(({ role, controlPlane, region }) => ({
        role,
        region,
        controlPlane: controlPlane === '*' ? '*' : parseTenantId(controlPlane),
      })),
    }))
  }

  /** The lines of `owner` are known on these shards and on no other. */
  #replace(owner: string, shards: readonly string[], lines: readonly StateLine[]): void {
    for (const [shard, state] of this.#states) {
      this.#tell(shard, state.replace(owner, shards.includes(shard) ? lines : []))
    }
  }

  #tell(shard: string, lines: readonly string[]): void {
    if (lines.length === 0) return
    const text = lines.join('')
    for (const sink of this.#sinks.get(shard) ?? []) sink.write(text)
  }
}

function lineOfControlPlane(
  { id: organization, body: { state, personalTokens } }: Organization,
  controlPlane: ControlPlane | undefined,
): { readonly shard: string; readonly line: StateLine } | undefined {
  if (!controlPlane) return undefined
  const { id, body } = controlPlane
  return {
    shard: body.shard,
    line: {
      kind: 'control-plane',
      id: parseTenantId(id),
      organization,
      region: body.region,
      zoneCredentials: body.zoneCredentials,
      personalTokens: personalTokens && body.personalTokens,
      organizationState: state,
    },
  }
}

function nothing(): Touched {
  return { holders: new Set(), teams: new Set(), controlPlanes: new Set(), everything: false }
}

function touchedBy({ changes }: RecordCommit): Touched {
  const touched = nothing()
  for (const { before, after } of changes) {
    const record = after ?? before
    switch (record?.kind) {
      case 'user':
      case 'account':
        touched.holders.add(record.id)
        break
      case 'token':
        touched.holders.add(record.parent ?? '')
        break
      case 'member':
        touched.holders.add(record.name)
        break
      case 'role':
        // Its parent is a holder or a team; of the wrong kind there is nothing to find.
        touched.holders.add(record.parent ?? '')
        touched.teams.add(record.parent ?? '')
        break
      case 'control-plane':
        touched.controlPlanes.add(record.id)
        break
      case 'organization':
        touched.everything = true
    }
  }
  return touched
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item))
}
