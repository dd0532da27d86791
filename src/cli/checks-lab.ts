import { X509Certificate } from 'node:crypto'
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../base/errors.js'
import { ControlClient } from '../lab/control-client.js'
import type { ComponentView } from '../lab/lab-view.js'
import type { LabPaths } from '../lab/paths.js'
import { readIfThere } from '../lab/private-files.js'
import type { CheckResult } from './checks-machine.js'
import type { Context } from './command.js'
import { diagnosticsOf, type LabAccess } from './lab-access.js'
import { age } from './quantities.js'

/** Of the lab's directory and, when it runs, of each of its components. */
export async function labChecks(paths: LabPaths, lab: LabAccess | undefined, context: Context): Promise<CheckResult[]> {
  const results = [directoryCheck(paths), clockCheck(context), ...certificateChecks(paths, context)]
  if (!lab) return [...results, { name: 'lab', verdict: 'ok', found: `"${paths.name}" does not run` }]
  return [
    ...results,
    ...(await Promise.all(lab.view.components.map((component) => componentCheck(component, lab, context)))),
  ]
}

export async function runningLab(paths: LabPaths): Promise<LabAccess | undefined> {
  const control = new ControlClient(paths.socket)
  try {
    return { paths, control, view: await control.view() }
  } catch (thrown) {
    if (AppError.from(thrown).code === 'unavailable') return undefined
    throw thrown
  }
}

/** A WAL and its checkpoint may take twice the database; a lab's is small. */
const FREE_BYTES_MIN = 256 * 2 ** 20

function directoryCheck({ dir }: LabPaths): CheckResult {
  let existing = dir
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  try {
    accessSync(existing, constants.W_OK)
  } catch {
    return {
      name: 'directory',
      verdict: 'failed',
      found: `${existing} cannot be written`,
      hint: 'set XDG_DATA_HOME to a place that can',
    }
  }
  const { bavail, bsize } = statfsSync(existing)
  const free = bavail * bsize
  const found = `${dir}, ${Math.floor(free / 2 ** 20)} MiB free`
  return { name: 'directory', verdict: free >= FREE_BYTES_MIN ? 'ok' : 'failed', found, hint: 'make room on this disk' }
}

/** Tokens and certificates of a lab carry times of this clock; before this one was written it must be wrong. */
const WRITTEN_MS = Date.UTC(2026, 0, 1)

function clockCheck({ clock }: Context): CheckResult {
  const nowMs = clock.nowMs()
  const verdict = nowMs >= WRITTEN_MS ? 'ok' : 'failed'
  return {
    name: 'clock',
    verdict,
    found: new Date(nowMs).toISOString(),
    hint: 'set the clock; certificates would not hold',
  }
}

const SOON_MS = 14 * 86_400_000

function certificateChecks(paths: LabPaths, { clock }: Context): CheckResult[] {
  const pem = readIfThere(paths.certFile)
  if (pem === undefined) return []
  const leftMs = Date.parse(new X509Certificate(pem).validTo) - clock.nowMs()
  return [
    {
      name: 'certificate',
      verdict: leftMs <= 0 ? 'failed' : leftMs < SOON_MS ? 'warning' : 'ok',
      found: leftMs <= 0 ? 'has expired' : `holds for ${age(leftMs)}`,
      hint: `remove ${paths.tls} while the lab is stopped; the next start makes another`,
    },
  ]
}

const ANSWER_WITHIN_MS = 2_000

async function componentCheck(component: ComponentView, lab: LabAccess, context: Context): Promise<CheckResult> {
  const { name, state, detail, log } = component
  if (state === 'external') return { name, verdict: 'ok', found: 'external' }
  if (state !== 'ready') {
    const hint = state === 'paused' ? `zonelab resume ${name}` : `zonelab start ${name}; its log is ${log}`
    return { name, verdict: 'failed', found: detail ?? state, hint }
  }
  const answers = (await diagnosticsOf(lab, component, context)?.answers(ANSWER_WITHIN_MS)) ?? false
  if (answers) return { name, verdict: 'ok', found: 'ready and answering' }
  return { name, verdict: 'failed', found: 'does not answer', hint: `zonelab restart ${name}; its log is ${log}` }
}
