import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Random } from '../../base/random.js'
import type { Ran } from '../call-cases.js'
import type { Case } from '../case.js'
import type { Controller } from '../controller.js'
import type { PlannedCase } from '../plan.js'
import type { Preflight } from '../preflight.js'
import type { CaseRun, Phase, Subject } from '../subject.js'
import { strangerKey } from '../target.js'
import { CaseStage } from './case-stage.js'
import { Faces } from './faces.js'
import type { Scene } from './scene.js'
import { DIALS_WITHIN_MS } from './zone-stage.js'

/** A zone that a controller starts, anew for each case. */
export interface ZoneTarget {
  /** What the report calls it. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
}

export interface ZoneSubjectOptions {
  readonly target: ZoneTarget
  readonly controller: Controller | undefined
}

/** Each is a process and mostly waits. */
const AT_ONCE = 3
const NOTHING_KNOWN = { fingerprint: undefined, product: undefined, servesAnyone: false, refusalMs: 0 } as const

/** The suite is the global, and a zone is judged by how it dials. */
export class ZoneSubject implements Subject {
  readonly means = { keys: false, api: false, platform: false }
  readonly #target: ZoneTarget
  readonly #controller: Controller | undefined
  readonly #folder = mkdtempSync(join(tmpdir(), 'zonelab-conformance-'))
  readonly #faces: Faces
  readonly #key = strangerKey()
  readonly #open = new Set<CaseStage>()
  #zones = 0

  constructor({ target, controller }: ZoneSubjectOptions) {
    this.#target = target
    this.#controller = controller
    this.#faces = new Faces(target.clock.nowMs())
    writeFileSync(this.#caFile, this.#faces.caPem)
  }

  get clock(): Clock {
    return this.#target.clock
  }

  /** Of a zone that does not start, or comes to no global, no case could say anything. */
  async preflight(): Promise<Preflight> {
    if (this.#controller?.hooks.has('start-zone') !== true) return { ...NOTHING_KNOWN, hopeless: undefined }
    try {
      return await this.#staged({ onAttempt() {}, signal: new AbortController().signal }, (stage) => firstLook(stage))
    } catch (thrown) {
      await this.close()
      throw thrown
    }
  }

  phases(due: readonly PlannedCase[]): readonly Phase[] {
    return [[{ cases: due, atOnce: this.#controller?.exclusive === false ? AT_ONCE : 1 }]]
  }

  async runCase({ procedure }: Case, _facts: Preflight, run: CaseRun): Promise<Ran> {
    if (procedure.kind !== 'zone') return { attempts: [], answeredAs: undefined }
    return this.#staged(run, async (stage) => {
      await procedure.run(stage)
      await stage.stopZones()
      stage.checkLogs()
      return { attempts: stage.attempts, answeredAs: undefined }
    })
  }

  /** The next case has a zone of its own. */
  async probe(): ReturnType<Subject['probe']> {
    return { answer: 'OK' }
  }

  describe(): ReturnType<Subject['describe']> {
    return { address: this.#target.name }
  }

  /** Cases that were broken off are ended here. */
  async close(): Promise<readonly string[]> {
    await Promise.all([...this.#open].map((stage) => stage.close()))
    rmSync(this.#folder, { recursive: true, force: true })
    return []
  }

  get #caFile(): string {
    return join(this.#folder, 'ca.crt')
  }

  get #required(): Controller {
    if (this.#controller !== undefined) return this.#controller
    throw new AppError('invalid-argument', 'a zone is started by a controller; give --controller')
  }

  async #staged<T>({ onAttempt, signal }: CaseRun, use: (stage: CaseStage) => Promise<T>): Promise<T> {
    const { clock, random } = this.#target
    const stage = await CaseStage.open({
      controller: this.#required,
      faces: this.#faces,
      key: this.#key,
      zone: `zl-conf-${++this.#zones}`,
      folder: this.#folder,
      caFile: this.#caFile,
      clock,
      random,
      signal,
      onAttempt,
    })
    this.#open.add(stage)
    try {
      return await use(stage)
    } finally {
      this.#open.delete(stage)
      await stage.close()
    }
  }
}

async function firstLook(stage: CaseStage): Promise<Preflight> {
  const scene = await stage.scene({ face: 'trusted' })
  const refusal = await stage.startRefusal({})
  if (refusal !== undefined) return { ...NOTHING_KNOWN, hopeless: `the zone does not start: ${refusal}` }
  const calls = await stage.until(DIALS_WITHIN_MS, () => scene.calls.length > 0)
  const silent = `the zone makes no call to a global that it may trust: ${scene.summary}`
  return { ...NOTHING_KNOWN, product: productOf(scene), hopeless: calls ? undefined : silent }
}

/** What the zone says of itself. */
function productOf(scene: Scene): string | undefined {
  const said = new Map(scene.calls[0]?.exchange.metadata)
  const words = [said.get('version'), said.get('user-agent')].filter((word) => word !== undefined)
  return words.length === 0 ? undefined : words.join(', ')
}
