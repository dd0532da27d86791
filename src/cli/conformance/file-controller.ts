import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { AppError } from '../../base/errors.js'
import {
  type Controller,
  type Endpoint,
  HOOKS,
  type Hook,
  type Instance,
  type InstanceConfig,
  type StartRefused,
  type ZoneInstance,
  type ZoneInstanceConfig,
} from '../../conformance/controller.js'
import { requireAllowedEndpoint } from './allowed-endpoint.js'

/** What `start` answers: where the target is, or why it refused to start. */
const startAnswer = z.union([
  z.strictObject({ refused: z.string() }),
  z.strictObject({
    id: z.string().optional(),
    address: z.string(),
    /** PEM; null: plaintext. */
    ca: z.string().nullable(),
    api: z.strictObject({ url: z.string(), userToken: z.string().optional(), ca: z.string().optional() }).optional(),
    cpId: z.strictObject({ header: z.string(), id: z.string() }).optional(),
    platform: z
      .strictObject({ url: z.string(), userToken: z.string(), otherUserToken: z.string(), region: z.string() })
      .optional(),
  }),
])
/** What `start-zone` answers. */
const zoneAnswer = z.union([z.strictObject({ refused: z.string() }), z.strictObject({ id: z.string().optional() })])
const logAnswer = z.strictObject({ log: z.string() })

/** One hook of a controller: what it is given and what it answers are JSON. */
type Ask = (hook: Hook | 'stop', input: Readonly<Record<string, unknown>>) => Promise<unknown>

/** Restarting a control plane takes this long at the worst. */
const HOOK_WITHIN_MS = 60_000

/**
 * A controller from a file (docs/conformance-controller.md): an ES module whose exports are the hooks, or an executable
 * that is called with the name of a hook and gets its input on standard input. What it starts may be elsewhere only where that
 * is allowed. Throws `invalid-argument`.
 */
export async function fileController(file: string, allowed: readonly string[]): Promise<Controller> {
  const made = await (/\.m?js$/.test(file) ? moduleController(file) : executableController(file))
  return {
    ...made,
    async start(config) {
      const started = await made.start(config)
      if (started.kind === 'refused') return started
      try {
        requireAllowedEndpoint(started.endpoint, allowed)
      } catch (thrown) {
        await started.stop()
        throw thrown
      }
      return started
    },
  }
}

async function moduleController(file: string): Promise<Controller> {
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = (await import(pathToFileURL(resolve(file)).href)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new AppError('invalid-argument', `the controller ${file} cannot be loaded`, { cause })
  }
  const hooks = HOOKS.filter((hook) => typeof exported[exportOf(hook)] === 'function')
  const ask: Ask = async (hook, input) => {
    const run = exported[exportOf(hook)] as ((input: unknown) => unknown) | undefined
    return run?.(input)
  }
  return controller(file, hooks, exported.exclusive !== false, ask)
}

/** A name with a dash is no name of an export. */
function exportOf(hook: Hook | 'stop'): string {
  return hook.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())
}

const run = promisify(execFile)
const describeAnswer = z.strictObject({ hooks: z.array(z.enum(HOOKS)), exclusive: z.boolean().default(true) })

async function executableController(file: string): Promise<Controller> {
  const ask = async (hook: string, input: object): Promise<unknown> => {
    try {
      const running = run(resolve(file), [hook], { timeout: HOOK_WITHIN_MS, maxBuffer: 64 * 1024 * 1024 })
      running.child.stdin?.end(JSON.stringify(input))
      const { stdout } = await running
      return stdout.trim() === '' ? undefined : JSON.parse(stdout)
    } catch (cause) {
      throw new AppError('invalid-argument', `the controller ${file} failed at ${hook}`, { cause })
    }
  }
  const { hooks, exclusive } = parsed(describeAnswer, await ask('describe', {}), file, 'describe')
  return controller(file, hooks, exclusive, ask)
}

function controller(file: string, hooks: readonly Hook[], exclusive: boolean, ask: Ask): Controller {
  const logOf = async (id: string | undefined) => {
    if (!hooks.includes('log')) throw missing('log')
    return parsed(logAnswer, await ask('log', { id }), file, 'log').log
  }
  return {
    exclusive,
    hooks: new Set(hooks),
    async startZone(config: ZoneInstanceConfig): Promise<ZoneInstance | StartRefused> {
      const answer = parsed(zoneAnswer, (await ask('start-zone', { config })) ?? {}, file, 'start-zone')
      if ('refused' in answer) return { kind: 'refused', text: answer.refused }
      const { id } = answer
      return { kind: 'running', log: () => logOf(id), stop: async () => void (await ask('stop', { id })) }
    },
    async start(config: InstanceConfig): Promise<Instance | StartRefused> {
      if (!hooks.includes('start')) throw missing('start')
      const answer = parsed(startAnswer, await ask('start', { config }), file, 'start')
      if ('refused' in answer) return { kind: 'refused', text: answer.refused }
      const { id, address, ca, api, cpId, platform } = answer
      const about = { id }
      const call = async (hook: Hook, input: object) => {
        if (!hooks.includes(hook)) throw missing(hook)
        return ask(hook, { ...about, ...input })
      }
      const endpoint: Endpoint = {
        address,
        trust: ca === null ? { kind: 'plaintext' } : { kind: 'ca', caPem: ca },
        ...(api && { api: { url: api.url, userToken: api.userToken, ...(api.ca && { caPem: api.ca }) } }),
        ...(cpId && { cpId }),
        ...(platform && { platform: { ...platform, ...(ca !== null && { caPem: ca }) } }),
      }
      return {
        kind: 'running',
        endpoint,
        restart: async () => void (await call('restart', {})),
        setClock: async (offsetMs) => void (await call('clock', { offsetMs })),
        setStoreDown: async (down) => void (await call('store-down', { down })),
        setPlatformDown: async (down) => void (await call('platform-down', { down })),
        replaceCertificate: async () => void (await call('certificate', {})),
        log: () => logOf(id),
        stop: async () => void (await ask('stop', about)),
      }
    },
  }
}

/** The runner takes it for a case that is not run. */
function missing(hook: Hook): AppError {
  return new AppError('unimplemented', `needs operator (${hook})`)
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, file: string, hook: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.join('.') ?? ''
  throw new AppError('invalid-argument', `the controller ${file} answers ${hook} wrongly: ${where} ${issue?.message}`)
}
