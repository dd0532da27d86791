import { type KeyObject, randomBytes } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueZoneToken, ZONE_CP_SCOPE } from '../../auth/issue.js'
import { type Clock, sleep } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Random } from '../../base/random.js'
import type { Controller, ZoneInstance } from '../controller.js'
import { leaks } from '../redaction.js'
import type { Attempt, Exchange } from '../result.js'
import { RPCS } from '../rpc.js'
import type { Faces } from './faces.js'
import type { HeardCall, Scene, SceneSettings } from './scene.js'
import { ScriptedGlobal } from './scripted-global.js'
import { DIALS_WITHIN_MS, type ZoneChanges, type ZoneStage } from './zone-stage.js'

export interface CaseStageOptions {
  readonly controller: Controller
  readonly faces: Faces
  /** Signs the tokens, which nobody but the suite looks at. */
  readonly key: KeyObject
  readonly zone: string
  /** For this case's files alone. */
  readonly folder: string
  readonly caFile: string
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly onAttempt: (attempt: Attempt) => void
}

const TOKEN_VALID_FOR_MS = 3_600_000
const ASK_EVERY_MS = 50

/** The stage of one case, with an address, a token file and zones of its own. Whatever happens, `close` ends them. */
export class CaseStage implements ZoneStage {
  readonly #options: CaseStageOptions
  readonly #attempts: Attempt[] = []
  readonly #global: ScriptedGlobal
  readonly #running: ZoneInstance[] = []
  readonly #tokens: string[] = []
  /** Of zones that have ended. */
  readonly #logs: string[] = []

  private constructor(options: CaseStageOptions, global: ScriptedGlobal) {
    this.#options = options
    this.#global = global
  }

  static async open(options: CaseStageOptions): Promise<CaseStage> {
    const stage = new CaseStage(options, await ScriptedGlobal.listen(options.faces, options.clock))
    await stage.replaceToken()
    return stage
  }

  get zone(): string {
    return this.#options.zone
  }

  get token(): string {
    return this.#tokens.at(-1) ?? ''
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts
  }

  scene(settings: SceneSettings): Promise<Scene> {
    return this.#global.play(settings)
  }

  async startZone(changes: ZoneChanges = {}): Promise<void> {
    const refusal = await this.startRefusal(changes)
    if (refusal !== undefined) throw new AppError('unavailable', `the zone did not start: ${refusal}`)
  }

  async startRefusal({ plaintext = false, skipVerify = false }: ZoneChanges): Promise<string | undefined> {
    const { controller, zone, caFile } = this.#options
    const globalAddress = `${plaintext ? 'grpc' : 'grpcs'}://${this.#global.address}`
    const started = await controller.startZone({ zone, globalAddress, caFile, skipVerify, tokenFile: this.#tokenFile })
    if (started.kind === 'refused') {
      this.#logs.push(started.text)
      return started.text.trim()
    }
    this.#running.push(started)
    return undefined
  }

  async stopZones(): Promise<void> {
    const { hooks } = this.#options.controller
    for (const zone of this.#running.splice(0)) {
      await zone.stop()
      if (hooks.has('log')) this.#logs.push(await zone.log())
    }
  }

  /** With an end of line, as editors and `echo` leave it. */
  async replaceToken(): Promise<void> {
    const { key, zone, clock, random } = this.#options
    const keys = { latest: async () => ({ kid: '1', privateKey: key }) }
    const token = await issueZoneToken({ zone, scope: [ZONE_CP_SCOPE] }, TOKEN_VALID_FOR_MS, { keys, clock, random })
    this.#tokens.push(token)
    const next = `${this.#tokenFile}.${randomBytes(4).toString('hex')}`
    writeFileSync(next, `${token}\n`, { mode: 0o600 })
    renameSync(next, this.#tokenFile)
  }

  async presented(scene: Scene): Promise<HeardCall | undefined> {
    // One that has called on every RPC without it will not show it on the next.
    const over = () => scene.shown(this.token) !== undefined || RPCS.every((rpc) => scene.callsOf(rpc).length > 0)
    await this.until(DIALS_WITHIN_MS, over)
    return scene.shown(this.token)
  }

  check(step: string, held: boolean, detail: string, call?: Exchange): void {
    this.#record(step, held, { verdict: 'failed', detail }, call)
  }

  control(step: string, held: boolean, detail: string, call?: Exchange): void {
    this.#record(step, held, { verdict: 'inconclusive', detail }, call)
  }

  async until(withinMs: number, probe: () => boolean): Promise<boolean> {
    const { clock, signal } = this.#options
    const endMs = clock.monotonicMs() + withinMs
    while (!probe()) {
      if (clock.monotonicMs() > endMs) return false
      await sleep(clock, ASK_EVERY_MS, signal)
    }
    return true
  }

  /** What its zones have logged; a controller without that hook has them say nothing. */
  checkLogs(): void {
    if (this.#logs.length === 0) return
    const log = this.#logs.join('\n')
    const leaked = this.#tokens.some((token) => leaks(log, [['authorization', token]]))
    this.check('the log of the zone repeats no token', !leaked, `${log.length} characters`)
  }

  async close(): Promise<void> {
    await this.stopZones()
    await this.#global.stop()
  }

  get #tokenFile(): string {
    return join(this.#options.folder, `${this.#options.zone}.jwt`)
  }

  #record(
    step: string,
    held: boolean,
    broken: { readonly verdict: 'failed' | 'inconclusive'; readonly detail: string },
    call: Exchange | undefined,
  ): void {
    const { verdict, detail } = broken
    const attempt: Attempt = {
      variant: step,
      expected: [],
      ...(call && { call }),
      probes: [{ what: step, held, detail }],
      ...(held ? { verdict: 'passed' } : { verdict, why: detail }),
    }
    this.#attempts.push(attempt)
    this.#options.onAttempt(attempt)
  }
}
