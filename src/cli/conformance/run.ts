import { readFileSync } from 'node:fs'
import { dataplaneKeys, type KeyPlace, USER_KEYS, ZONE_KEYS } from '../../auth/token-secrets.js'
import { AppError } from '../../base/errors.js'
import { CASES } from '../../conformance/cases/catalogue.js'
import type { Controller, Endpoint, Instance } from '../../conformance/controller.js'
import { type Way, wayOfAll } from '../../conformance/door.js'
import { CONFORMANCE_RENDERERS } from '../../conformance/report/renderers.js'
import type { ConformanceResult } from '../../conformance/result.js'
import { Run } from '../../conformance/runner.js'
import { type Credentials, Target } from '../../conformance/target.js'
import { logFile, type TargetLog } from '../../conformance/target-log.js'
import { exitCodeOf } from '../../conformance/verdict.js'
import type { ZoneTarget } from '../../conformance/zone-client/zone-subject.js'
import { ensureZoneIsFree } from '../../conformance/zone-guard.js'
import { parseDestinations, REPORT_FORMATS, writeReports } from '../../report/destinations.js'
import type { Context, Input } from '../command.js'
import { zonelabVersion } from '../commands/version.js'
import { parseDuration } from '../quantities.js'
import { targetAgain } from './again.js'
import { fileController } from './file-controller.js'
import { TARGET_FLAGS } from './flags.js'
import { labController } from './lab-controller.js'
import { namedTarget } from './named-target.js'
import { Progress } from './progress.js'
import { behavioursOf, needsPlatform, selectionOf } from './selection.js'
import { throwAwayZone } from './throw-away-zone.js'

interface Judged {
  readonly target: Target | ZoneTarget
  /** Where the credentials of these cases are shown. */
  readonly place: string
  readonly controller: Controller | undefined
  readonly log: TargetLog | undefined
  /** Nobody else uses it. */
  readonly throwAway: boolean
  stop(): Promise<void>
}

/** Whose signing keys make the tokens of a way in. */
const KEYS_OF: Readonly<Record<Way, KeyPlace>> = {
  kds: ZONE_KEYS,
  rest: USER_KEYS,
  xds: dataplaneKeys('default'),
}

const RATE_DEFAULT = 200

export async function runConformance(context: Context, input: Input): Promise<number> {
  const destinations = parseDestinations(input.text('report') ?? 'text=/dev/null', REPORT_FORMATS)
  const expectedFailures = expectedFailuresOf(input.text('expected-failures'))
  const judged = await judgedTarget(context, input)
  const progress = new Progress(context, judged.place)
  let result: ConformanceResult
  try {
    const { target, controller, log, throwAway } = judged
    const { onlyZone, api } = target instanceof Target ? target : {}
    if (onlyZone !== undefined && !input.switch('zone-is-mine')) await ensureZoneIsFree(api, onlyZone)
    const behaviours = behavioursOf(input)
    const run = new Run({
      target,
      controller,
      log,
      selection: selectionOf(input, throwAway),
      behaviours,
      ratePerSecond: input.whole('rate', 1, 100_000) ?? RATE_DEFAULT,
      callTimeoutMs: parseDuration('--timeout', input.text('timeout') ?? '10s'),
      timedCalls: input.whole('timed-calls', 10, 1_000_000),
      expectedFailures,
      isZonelab: throwAway || input.text('lab') !== undefined || behaviours.answers === 'zonelab',
      toolVersion: zonelabVersion(),
      signal: context.signal,
      observer: progress,
      again: targetAgain(input),
    })
    result = await run.run()
  } finally {
    progress.end()
    await judged.stop()
  }
  // First: files that cannot be written must not cost what was found.
  context.io.out(CONFORMANCE_RENDERERS.text(result).trimEnd())
  if (input.given('report')) writeReports(result, CONFORMANCE_RENDERERS, destinations)
  return context.signal.aborted ? (context.signal.reason as number) : exitCodeOf(result.verdict, result.cases)
}

async function judgedTarget(context: Context, input: Input): Promise<Judged> {
  const { clock, random } = context
  const { profiles } = selectionOf(input, false)
  const way = wayOfAll(profiles)
  if (way === 'client') return judgedZone(context, input)
  const target = async (endpoint: Endpoint, credentials: Credentials) => {
    const made = await Target.of(endpoint, credentials, { clock, random }, KEYS_OF[way])
    return { target: made, place: way === 'rest' ? made.apiEndpoint.url : made.endpoint.address }
  }
  const named = await namedTarget(context, input, profiles)
  if (named !== undefined) {
    const { platform, cpId } = named.endpoint
    if (platform && !cpId) context.io.err(`make      a control plane for this run, by ${platform.url}; removed with it`)
    const logPath = input.text('target-log')
    const log = logPath === undefined ? undefined : logFile(logPath)
    return {
      ...(await target(named.endpoint, named.credentials)),
      controller: await controllerOf(input),
      log,
      throwAway: false,
      stop: async () => {},
    }
  }
  for (const name of ['controller', 'target-log']) {
    if (input.given(name))
      throw new AppError('invalid-argument', `--${name} is of a target; name it with --target or --lab`)
  }
  context.io.err(`start     a throw-away ${way === 'xds' ? 'zone' : 'global'} of our own`)
  const own = way === 'xds' ? await throwAwayZone() : await throwAwayGlobal(input)
  return {
    ...(await target(own.endpoint, {})),
    controller: way === 'xds' ? undefined : labController,
    log: { mark: async () => (await own.log()).length, since: async (mark) => (await own.log()).slice(mark) },
    throwAway: true,
    stop: () => own.stop(),
  }
}

/** A zone is not dialled: whoever can start one is all that is needed. */
async function judgedZone({ clock, random }: Context, input: Input): Promise<Judged> {
  const stray = [...TARGET_FLAGS, { name: 'target-log' }].find(({ name }) => input.given(name))
  if (stray !== undefined) {
    const text = `--profile zone-client judges a zone that dials us, and takes no --${stray.name}; --controller FILE starts one`
    throw new AppError('invalid-argument', text)
  }
  const file = input.text('controller')
  const name = file === undefined ? 'a zone of zonelab' : `a zone started by ${file}`
  return {
    target: { name, clock, random },
    place: name,
    controller: file === undefined ? labController : await fileController(file, input.texts('allow-target')),
    log: undefined,
    throwAway: file === undefined,
    stop: async () => {},
  }
}

async function throwAwayGlobal(input: Input): Promise<Instance> {
  const auth = needsPlatform(selectionOf(input, true).profiles) ? 'sat' : 'zone-token'
  const started = await labController.start({ auth, openStreams: behavioursOf(input).openStream })
  if (started.kind === 'running') return started
  throw new AppError('unavailable', started.text)
}

/** The lab's own for a lab; for another target the one that is named. */
async function controllerOf(input: Input): Promise<Controller | undefined> {
  const file = input.text('controller')
  if (file !== undefined) return fileController(file, input.texts('allow-target'))
  return input.text('lab') === undefined ? undefined : labController
}

/** One id a line; what follows a number sign is a remark. */
function expectedFailuresOf(path: string | undefined): ReadonlySet<string> {
  if (path === undefined) return new Set()
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read ${path}`, { cause })
  }
  const ids = text.split('\n').flatMap((line) => line.replace(/#.*/, '').trim() || [])
  const unknown = ids.find((id) => !CASES.some((one) => one.id === id))
  if (unknown !== undefined) throw new AppError('invalid-argument', `${path}: there is no case ${unknown}`)
  return new Set(ids)
}
