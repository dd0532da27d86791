import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { type Clock, sleep } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { sidecarNamed } from '../../lab/components.js'
import { type Command, type Context, LAB_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { componentNamed, type LabAccess, openLab } from '../lab-access.js'

export const logs: Command = {
  name: 'logs',
  group: 'Seeing',
  summary: 'What a component has logged; without a name, every component',
  args: [{ name: 'component', doc: 'global, zone-2, dataplanes/zone-2, dp/zone-2/NAME' }],
  flags: [{ name: 'follow', short: 'f', doc: 'Go on with what comes' }, TENANT_FLAG, LAB_FLAG],
  examples: ['zonelab logs global', 'zonelab logs zone-2 -f', 'zonelab logs dp/zone-1/frontend-1'],
  async run(context, input) {
    const lab = await openLab(context, input)
    if (lab.view.spec.processes === 'inline') throw withoutLogs(lab)
    const [name] = input.args
    const components =
      name === undefined
        ? lab.view.components.filter(({ state }) => state !== 'external')
        : [componentNamed(lab, name, input.text('tenant'))]
    const files = [...new Set(components.map(({ log }) => log))].map((path) => new LogFile(path))
    const several = files.length > 1
    const sidecar = sidecarNamed(name ?? '')?.sidecar
    do {
      for (const file of files) {
        for (const line of file.newLines()) {
          if (sidecar === undefined || isAbout(line, sidecar)) context.io.out(several ? `${file.label}  ${line}` : line)
        }
      }
      if (input.switch('follow')) await pause(context.clock, context)
    } while (input.switch('follow') && !context.signal.aborted)
    return input.switch('follow') ? (context.signal.reason as number) : EXIT.ok
  },
}

/** Sidecars of one process share its log, whose lines say which of them they are about. */
function isAbout(line: string, sidecar: string): boolean {
  return line.includes(`"name":${JSON.stringify(sidecar)}`)
}

/** Components in one process have no files of their own. */
function withoutLogs({ paths, view }: LabAccess): AppError {
  return new AppError(
    'invalid-argument',
    `lab "${view.lab}" is one process (--inline), which logs where its "zonelab up" runs; with --detach in ${paths.supervisorLog}`,
  )
}

const LOOK_EVERY_MS = 200

async function pause(clock: Clock, { signal }: Context): Promise<void> {
  await sleep(clock, LOOK_EVERY_MS, signal).catch(() => undefined)
}

const CHUNK_BYTES = 64 * 1024

/** A file that grows, read piece by piece. */
class LogFile {
  readonly label: string
  readonly #path: string
  #offset = 0
  #rest = ''

  constructor(path: string) {
    this.#path = path
    this.label = path.slice(path.lastIndexOf('/') + 1).replace(/\.log$/, '')
  }

  *newLines(): Generator<string> {
    for (const chunk of this.#newChunks()) {
      const lines = (this.#rest + chunk).split('\n')
      this.#rest = lines.pop() ?? ''
      yield* lines
    }
  }

  *#newChunks(): Generator<string> {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
    if (size <= this.#offset) return
    let fd: number
    try {
      fd = openSync(this.#path, 'r')
    } catch (cause) {
      throw new AppError('not-found', `${this.#path} cannot be read`, { cause })
    }
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES)
      for (let bytes = 0; this.#offset < size; this.#offset += bytes) {
        bytes = readSync(fd, buffer, 0, CHUNK_BYTES, this.#offset)
        if (bytes === 0) return
        yield buffer.toString('utf8', 0, bytes)
      }
    } finally {
      closeSync(fd)
    }
  }
}
