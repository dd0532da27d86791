import type { CallLane, ControlCall } from './call-lane.js'
import type { Case, Variant } from './case.js'
import type { Door } from './door.js'
import { answeredAs, type Expectation, judge } from './judge.js'
import { PEER_SERVED, probe, UNDISTURBED } from './probe.js'
import { leaks } from './redaction.js'
import type { Attempt, Behaviours, CaseResult, Exchange, Probe } from './result.js'
import type { TargetLog } from './target-log.js'

export interface CallCaseOptions {
  readonly answers: Behaviours['answers']
  /** A refusal that takes longer than this is tried again, and then told. */
  readonly slowRefusalMs: number
  readonly log: TargetLog | undefined
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

/** Every variant at every door: control, the peculiar call, then what must not have happened (N0 of auth.md §4.1). */
export async function runCallCase<D extends Door>(
  { procedure }: Case,
  lane: CallLane<D>,
  options: CallCaseOptions,
  onAttempt: (attempt: Attempt) => void,
): Promise<Ran> {
  if (procedure.kind !== 'calls') return { attempts: [], answeredAs: undefined }
  const judged: Judged[] = []
  const { doors } = procedure
  for (const rpc of lane.doors.filter((door) => doors === undefined || doors.includes(door))) {
    let control: ControlCall | undefined
    for (const variant of procedure.variants) {
      if (options.signal.aborted) break
      // One that was rightly taken may have ended the session of the zone that it is of.
      if (isHostile(variant) && !control?.alive) control = await lane.control(rpc)
      const expected = lane.unguardedInKuma?.has(rpc)
        ? { ...variant, kuma: [...(variant.kuma ?? []), 'OK' as const] }
        : variant
      const attempt = await tryVariant(expected, rpc, lane, control, options)
      judged.push({ expectation: expected, attempt })
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

async function tryVariant<D extends Door>(
  variant: Variant,
  rpc: D,
  lane: CallLane<D>,
  control: ControlCall | undefined,
  options: CallCaseOptions,
): Promise<Attempt> {
  const draft = await variant.plan(lane.bench)
  const marked = await options.log?.mark()
  const { exchange, rawText } = await lane.trial(rpc, draft)
  if (!isHostile(variant))
    return judge(variant, options.answers, { rpc, variant: variant.name, call: exchange, probes: [] })
  const served = await lane.probe()
  const probes: Probe[] = [
    probe(PEER_SERVED, served.answer === 'OK', `${served.answer} ${served.text}`),
    probe('the status text repeats no credential', !leaks(rawText, draft.fields)),
    ...(exchange.answer === 'OK' ? [] : undisturbed(control)),
    ...refusedAtOnce(exchange),
    ...(await answeredInTime(variant, rpc, lane, exchange, options)),
    ...(await lane.traces(rawText)),
    ...(options.log && marked !== undefined
      ? [probe('the log repeats no credential', !leaks(await options.log.since(marked), draft.fields))]
      : []),
  ]
  const call = control && { control: control.opening }
  return judge(variant, options.answers, { rpc, variant: variant.name, call: exchange, ...call, probes })
}

/** The control is a session of the same peer: it must still be open. A unary control has none. */
function undisturbed(control: ControlCall | undefined): readonly Probe[] {
  if (control === undefined || !control.isSession || control.opening.answer !== 'OK') return []
  return [probe(UNDISTURBED, control.alive, control.exchange.text)]
}

function refusedAtOnce({ trailersOnly }: Exchange): readonly Probe[] {
  return trailersOnly === undefined ? [] : [probe('it is refused before anything is answered', trailersOnly)]
}

/** Time classes: what is refused is refused as fast as anything else, or one can tell refusals apart by a clock. */
async function answeredInTime<D extends Door>(
  variant: Variant,
  rpc: D,
  lane: CallLane<D>,
  { status, elapsedMs }: Exchange,
  { slowRefusalMs }: CallCaseOptions,
): Promise<readonly Probe[]> {
  if (status === undefined) return []
  let best = elapsedMs
  for (let again = 0; again < 2 && best > slowRefusalMs; again++) {
    const { exchange: repeated } = await lane.trial(rpc, await variant.plan(lane.bench))
    best = Math.min(best, repeated.elapsedMs)
  }
  const detail = `${Math.round(best)} ms, three times; the usual is below ${Math.round(slowRefusalMs)} ms`
  return [probe('it is refused in the usual time', best <= slowRefusalMs, detail)]
}
