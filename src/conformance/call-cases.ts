import type { Case, Variant } from './case.js'
import { answeredAs, type Expectation, judge } from './judge.js'
import type { KdsCall } from './kds-call.js'
import type { Lane } from './lane.js'
import { leaks } from './redaction.js'
import type { Attempt, Behaviours, CaseResult, Exchange, Probe } from './result.js'
import { RPCS, type Rpc } from './rpc.js'
import type { TargetLog } from './target-log.js'

export interface CallCaseOptions {
  readonly answers: Behaviours['answers']
  /** A refusal that takes longer than this is tried again, and then told. */
  readonly slowRefusalMs: number
  readonly log: TargetLog | undefined
  readonly hasApi: boolean
  readonly signal: AbortSignal
}

export interface Ran {
  readonly attempts: readonly Attempt[]
  readonly answeredAs: CaseResult['answeredAs']
}

interface Judged {
  readonly expectation: Expectation
  readonly attempt: Attempt
}

/** Every variant on every RPC: control, the peculiar call, then what must not have happened (N0 of auth.md §4.1). */
export async function runCallCase(
  { procedure }: Case,
  lane: Lane,
  options: CallCaseOptions,
  onAttempt: (attempt: Attempt) => void,
): Promise<Ran> {
  if (procedure.kind !== 'calls') return { attempts: [], answeredAs: undefined }
  const judged: Judged[] = []
  for (const rpc of procedure.rpcs ?? RPCS) {
    let control: KdsCall | undefined
    for (const variant of procedure.variants) {
      if (options.signal.aborted) break
      // One that was rightly taken may have ended the session of the zone that it is of.
      if (isHostile(variant) && !control?.alive) control = await lane.open(rpc, await lane.bench.legalCall())
      const attempt = await tryVariant(variant, rpc, lane, control, options)
      judged.push({ expectation: variant, attempt })
      onAttempt(attempt)
    }
    control?.close()
  }
  return { attempts: judged.map(({ attempt }) => attempt), answeredAs: answeredAs(judged) }
}

/** A call that has to be refused; one that is to be taken is its own proof. */
function isHostile({ expect }: Variant): boolean {
  return !expect.includes('OK')
}

async function tryVariant(
  variant: Variant,
  rpc: Rpc,
  lane: Lane,
  control: KdsCall | undefined,
  options: CallCaseOptions,
): Promise<Attempt> {
  const draft = await variant.plan(lane.bench)
  const marked = await options.log?.mark()
  const { exchange, rawText } = await lane.trial(rpc, draft)
  if (!isHostile(variant))
    return judge(variant, options.answers, { rpc, variant: variant.name, call: exchange, probes: [] })
  const served = await lane.legal('HealthCheck')
  const probes: Probe[] = [
    probe('the legal peer is served', served.answer === 'OK', `${served.answer} ${served.text}`),
    probe('the status text repeats no credential', !leaks(rawText, draft.fields)),
    ...(exchange.answer === 'OK' ? [] : undisturbed(rpc, control)),
    ...refusedAtOnce(exchange),
    ...(await answeredInTime(variant, rpc, lane, exchange, options)),
    ...(options.hasApi ? [await nothingMade(lane)] : []),
    ...(options.log && marked !== undefined
      ? [probe('the log repeats no credential', !leaks(await options.log.since(marked), draft.fields))]
      : []),
  ]
  const call = control && { control: control.opening }
  return judge(variant, options.answers, { rpc, variant: variant.name, call: exchange, ...call, probes })
}

/** The control is a session of the same zone: it must still be open. A unary control has none. */
function undisturbed(rpc: Rpc, control: KdsCall | undefined): readonly Probe[] {
  if (control === undefined || rpc === 'HealthCheck' || control.opening.answer !== 'OK') return []
  return [probe('an open session of the zone is undisturbed', control.alive, control.exchange.text)]
}

function refusedAtOnce({ trailersOnly }: Exchange): readonly Probe[] {
  return trailersOnly === undefined ? [] : [probe('it is refused before anything is answered', trailersOnly)]
}

/** Time classes: what is refused is refused as fast as anything else, or one can tell refusals apart by a clock. */
async function answeredInTime(
  variant: Variant,
  rpc: Rpc,
  lane: Lane,
  { status, elapsedMs }: Exchange,
  { slowRefusalMs }: CallCaseOptions,
): Promise<readonly Probe[]> {
  if (status === undefined) return []
  let best = elapsedMs
  for (let again = 0; again < 2 && best > slowRefusalMs; again++) {
    const repeated = await lane.call(rpc, await variant.plan(lane.bench))
    best = Math.min(best, repeated.elapsedMs)
  }
  const detail = `${Math.round(best)} ms, three times; the usual is below ${Math.round(slowRefusalMs)} ms`
  return [probe('it is refused in the usual time', best <= slowRefusalMs, detail)]
}

async function nothingMade({ bench, api }: Lane): Promise<Probe> {
  const zone = await api.get(`/zones/${bench.unseenZone}`)
  return probe('no Zone was made', zone === undefined, `Zone ${bench.unseenZone} is there`)
}

function probe(what: string, held: boolean, detail?: string): Probe {
  return { what, held, ...(!held && detail !== undefined && { detail }) }
}
