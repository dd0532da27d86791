import { type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { isJsonObject, type Json, type JsonObject, parseJson } from '../model/json.js'
import type { AdmissionProbe } from './admission-probe.js'
import type { ApiEndpoint, PlatformEndpoint } from './controller.js'
import { type ApiAnswer, TargetApi } from './target-api.js'

export interface Role {
  /** Default: Connector. */
  readonly role?: string
  /** The id of a control plane, or `*`. */
  readonly on: string
  /** Default: the platform's. */
  readonly region?: string
  readonly entityType?: string
}

export interface ControlPlane {
  readonly id: string
  /** Its own API, as the organisation's admin. */
  readonly api: TargetApi
}

export interface Account {
  readonly id: string
  /** Where it is: `/v3/system-accounts/ID`. */
  readonly path: string
  readonly tokenId: string
  readonly token: string
}

export const CONTROL_PLANES = '/v1/mesh/control-planes'
export const ACCOUNTS = '/v3/system-accounts'
const MESH_ENTITY = 'Mesh Control Planes'
/** How long a token of the suite holds: longer than any run. */
const VALID_FOR_MS = 3_600_000
/** A control plane may not be deleted before the last of its zones is offline, which takes seconds. */
const OFFLINE_WITHIN_MS = 15_000
const ASK_EVERY_MS = 200
const GONE: ReadonlySet<number> = new Set([200, 204, 404])

export interface TargetPlatformOptions {
  readonly clock: Clock
  readonly random: Random
  /** Asks the target itself. */
  readonly admission: AdmissionProbe
  /** The control plane that the run uses; default: the first that is made. */
  readonly home: string | undefined
}

/**
 * The platform of a target, as an admin of one of its organisations: what a case needs is made here, under names of the run,
 * and removed with it. Tokens and control planes are handed out when the target has heard of them.
 */
export class TargetPlatform {
  readonly api: TargetApi
  readonly region: string
  readonly userToken: string
  readonly #endpoint: PlatformEndpoint
  readonly #clock: Clock
  readonly #random: Random
  readonly #admission: AdmissionProbe
  readonly #prefix: string
  readonly #made: { readonly what: string; readonly path: string; readonly as: string }[] = []
  readonly #once = new Map<string, Promise<unknown>>()
  #home: string | undefined

  constructor(endpoint: PlatformEndpoint, { clock, random, admission, home }: TargetPlatformOptions) {
    this.#endpoint = endpoint
    this.#clock = clock
    this.#random = random
    this.#admission = admission
    this.#home = home
    this.region = endpoint.region
    this.userToken = endpoint.userToken
    this.#prefix = `zl-conf-${random.uuid().slice(0, 8)}`
    this.api = new TargetApi(endpoint, clock, '--platform-ca')
  }

  /** The API of a control plane, through the platform. */
  apiOf(id: string, userToken = this.userToken): ApiEndpoint {
    const { url, caPem } = this.#endpoint
    return {
      url: `${url.replace(/\/$/, '')}${CONTROL_PLANES}/${id}/api`,
      userToken,
      ...(caPem !== undefined && { caPem }),
    }
  }

  async newControlPlane(as = this.userToken): Promise<ControlPlane> {
    const { placing } = this.#endpoint
    const id = idIn(await this.#change('POST', CONTROL_PLANES, { name: this.#name() }, as, placing))
    this.#made.push({ what: `control plane ${id}`, path: `${CONTROL_PLANES}/${id}`, as })
    this.#home ??= id
    const token = as === this.userToken ? await this.connector(id) : (await this.#account([{ on: id }], as)).token
    await this.#admission.letsIn({ token, controlPlane: id })
    return { id, api: new TargetApi(this.apiOf(id, as), this.#clock, '--platform-ca') }
  }

  /** Another of the same organisation; the same for all cases. */
  sibling(): Promise<ControlPlane> {
    return this.#onlyOnce('sibling', () => this.newControlPlane())
  }

  /** One of another organisation. Throws `unimplemented` when there is no way into one. */
  foreign(): Promise<ControlPlane> {
    const { otherUserToken } = this.#endpoint
    if (otherUserToken === undefined) throw new AppError('unimplemented', 'needs platform (another organisation)')
    return this.#onlyOnce('foreign', () => this.newControlPlane(otherUserToken))
  }

  /** The id of one that was there and is gone. */
  deleted(): Promise<string> {
    return this.#onlyOnce('deleted', async () => {
      const { id } = await this.newControlPlane()
      await this.api.delete(`${CONTROL_PLANES}/${id}`)
      return id
    })
  }

  /** The token of an account that may connect zones to this control plane; the same for all cases. */
  connector(controlPlane: string): Promise<string> {
    return this.tokenWith({ on: controlPlane })
  }

  /** The token of an account with this one role; the same for all that ask for it. */
  tokenWith(role: Role): Promise<string> {
    return this.#onlyOnce(JSON.stringify(role), async () => (await this.account(role)).token)
  }

  /** A new system account with these roles and a token. */
  account(...roles: readonly Role[]): Promise<Account> {
    return this.#account(roles, this.userToken)
  }

  async #account(roles: readonly Role[], as: string): Promise<Account> {
    const id = idIn(await this.post(ACCOUNTS, { name: this.#name(), description: 'made by a conformance run' }, as))
    const path = `${ACCOUNTS}/${id}`
    this.#made.push({ what: `system account ${id}`, path, as })
    for (const role of roles) await this.assign(path, role, as)
    return { id, path, ...(await this.issue(path, VALID_FOR_MS, as)) }
  }

  async newTeam(): Promise<string> {
    const path = `/v3/teams/${idIn(await this.post('/v3/teams', { name: this.#name() }))}`
    this.#made.push({ what: path, path, as: this.userToken })
    return path
  }

  /** The id of the role that the holder now has. */
  async assign(holder: string, role: Role, as?: string): Promise<string> {
    return idIn(await this.post(`${holder}/assigned-roles`, this.roleBody(role), as))
  }

  roleBody({ role = 'Connector', on, region = this.region, entityType = MESH_ENTITY }: Role): JsonObject {
    return { role_name: role, entity_id: on, entity_type_name: entityType, entity_region: region }
  }

  async issue(account: string, validForMs: number, as?: string): Promise<Pick<Account, 'token' | 'tokenId'>> {
    const expires = new Date(this.#clock.nowMs() + validForMs).toISOString()
    const made = await this.post(`${account}/access-tokens`, { name: this.#name(), expires_at: expires }, as)
    const token = textIn(made, 'token')
    if (this.#home !== undefined) await this.#admission.knows({ token, controlPlane: this.#home })
    return { tokenId: idIn(made), token }
  }

  /** The token of a zone that the platform makes, with its managed account. */
  async provision({ id }: Pick<ControlPlane, 'id'>, zone: string): Promise<string> {
    const token = textIn(await this.post(`${CONTROL_PLANES}/${id}/api/provision-zone`, { name: zone }), 'token')
    await this.#admission.letsIn({ token, controlPlane: id, zone })
    return token
  }

  /** Throws `permission-denied` with what the platform said. */
  async post(path: string, body: Json, as?: string): Promise<JsonObject> {
    return this.#change('POST', path, body, as)
  }

  async patch(path: string, body: Json): Promise<JsonObject> {
    return this.#change('PATCH', path, body)
  }

  /** What could not be removed, as lines. */
  async removeAll(): Promise<readonly string[]> {
    const left: string[] = []
    const endMs = this.#clock.monotonicMs() + OFFLINE_WITHIN_MS
    for (const { what, path, as } of this.#made.splice(0).reverse()) {
      let status = await this.#remove(path, as)
      while (!GONE.has(status) && this.#clock.monotonicMs() < endMs) {
        await sleep(this.#clock, ASK_EVERY_MS)
        status = await this.#remove(path, as)
      }
      if (!GONE.has(status)) left.push(`${what} (its deletion was answered with ${status})`)
    }
    return left
  }

  async #remove(path: string, as: string): Promise<number> {
    const { status } = await this.api.send('DELETE', path, undefined, as).catch(() => ({ status: 0 }))
    return status
  }

  async #change(
    method: string,
    path: string,
    body: Json,
    as?: string,
    headers?: PlatformEndpoint['placing'],
  ): Promise<JsonObject> {
    const answer = await this.api.send(method, path, body, as, headers)
    if (answer.status === 200 || answer.status === 201) return objectIn(answer)
    const said = answer.body.slice(0, 200)
    throw new AppError('permission-denied', `the platform answers ${method} ${path} with ${answer.status}: ${said}`)
  }

  #onlyOnce<T>(key: string, make: () => Promise<T>): Promise<T> {
    const there = this.#once.get(key) as Promise<T> | undefined
    if (there !== undefined) return there
    const making = make()
    this.#once.set(key, making)
    return making
  }

  #name(): string {
    return `${this.#prefix}-${this.#random.uuid().slice(0, 8)}`
  }
}

function objectIn({ body }: ApiAnswer): JsonObject {
  const value = body === '' ? {} : parseJson(body)
  return isJsonObject(value) ? value : {}
}

function idIn(answer: JsonObject): string {
  return textIn(answer, 'id')
}

function textIn(answer: JsonObject, member: string): string {
  const { [member]: text } = answer
  if (typeof text === 'string') return text
  throw new AppError('undecodable', `the platform's answer has no ${member}`)
}
