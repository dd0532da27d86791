import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.js'
import type { StartRefused, ZoneInstance, ZoneInstanceConfig } from '../../conformance/controller.js'
import { OWN_PROGRAM } from '../own-program.js'

const READY_WITHIN_MS = 60_000
/** A process has 10 s to end in order (design.md §7); one more for the system. */
const STOP_WITHIN_MS = 11_000

/** A zone of ours as its users run it, `zonelab zone run`, in a process of its own. */
export async function startOwnZone(config: ZoneInstanceConfig): Promise<ZoneInstance | StartRefused> {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-conformance-'))
  const { script, execArgv } = OWN_PROGRAM
  const child = spawn(process.execPath, [...execArgv, script, 'zone', 'run', ...flagsOf(config, folder)], {
    // What is set for this process is not meant for a zone under test.
    env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => said.push(text.toString()))
  const log = () => said.join('')
  const stop = async () => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  if (await isReady(child, log)) return { kind: 'running', log: async () => log(), stop }
  await stop()
  return { kind: 'refused', text: log() }
}

/** Its last word at start is that it is ready; one that refuses ends. */
function isReady(child: ChildProcess, log: () => string): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => {
      if (/^zone is ready/m.test(log())) resolve(true)
    }
    child.stderr?.on('data', look)
    child.once('close', () => resolve(false))
    child.once('error', () => resolve(false))
    systemClock.after(READY_WITHIN_MS, () => resolve(false))
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const cancel = systemClock.after(STOP_WITHIN_MS, () => child.kill('SIGKILL'))
  await gone
  cancel()
}

function flagsOf(config: ZoneInstanceConfig, folder: string): readonly string[] {
  const settings = {
    'zone-name': config.zone,
    'global-address': config.globalAddress,
    'kds-root-ca-file': config.caFile,
    'kds-tls-skip-verify': String(config.skipVerify),
    'token-path': config.tokenFile,
    'zone-proxy': 'false',
    'api-http-port': '0',
    'api-https-port': '0',
    'diagnostics-port': '0',
    'dp-server-port': '0',
    'bootstrap-port': '0',
    'admin-token-file': join(folder, 'admin-token'),
    store: 'memory',
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}
