import type { FastifyInstance, FastifyReply } from 'fastify'
import { stringify } from 'yaml'
import type { DataplaneAuthenticator } from '../auth/dataplane-authenticator.js'
import { AppError } from '../base/errors.js'
import type { TenantStore } from '../store/store.js'
import { type EnvoyBootstrap, envoyBootstrap } from './bootstrap-config.js'
import { type BootstrapRequest, bootstrapRequest } from './bootstrap-request.js'
import type { DataplaneLifecycle } from './dataplane-lifecycle.js'

export interface BootstrapOptions {
  readonly store: TenantStore
  readonly lifecycle: DataplaneLifecycle
  readonly authenticator: DataplaneAuthenticator
  readonly tokenRequired: boolean
  /** CA that sidecars trust the zone by, PEM; empty: what the request states. */
  readonly caPem: string
  readonly xdsPort: () => number
}

const TOKEN_REQUIRED =
  "Dataplane Token is required. Generate token using 'kumactl generate dataplane-token > /path/file' and provide it via --dataplane-token-file=/path/file argument to Kuma DP"

/** `POST /bootstrap`: the static half of a sidecar's configuration (dataplane.md §1.2, statuses included). */
export function addBootstrap(fastify: FastifyInstance, options: BootstrapOptions): void {
  fastify.post('/bootstrap', async (request, reply) => {
    const parsed = bootstrapRequest.safeParse(readJson(request.body))
    if (!parsed.success) return reply.code(400).send('')
    try {
      const host = hostOf(request.headers.host)
      const bootstrap = await prepare(parsed.data, host, options)
      return answer(reply, bootstrap, request.headers.accept ?? '')
    } catch (thrown) {
      return refuse(reply, AppError.from(thrown))
    }
  })
}

async function prepare(request: BootstrapRequest, host: string, options: BootstrapOptions): Promise<EnvoyBootstrap> {
  const { mesh, name, dataplaneResource, dataplaneToken } = request
  if (request.proxyType !== 'dataplane')
    throw new AppError('internal', `proxy type ${request.proxyType} is gone in Kuma 3.0`)
  if (options.tokenRequired && dataplaneToken === '') throw new AppError('invalid-resource', TOKEN_REQUIRED)
  const { lifecycle, store, authenticator } = options
  const draft = dataplaneResource === '' ? undefined : lifecycle.parse(dataplaneResource, mesh, name)
  const dataplane = draft ?? (await store.get({ type: 'Dataplane', mesh, name }))
  if (!dataplane) throw new AppError('not-found', `Dataplane ${mesh}.${name} is not there yet`)
  await authenticator.authenticate(dataplaneToken === '' ? [] : [dataplaneToken], {
    mesh,
    name,
    labels: dataplane.labels,
  })
  return envoyBootstrap({ request, dataplane, host, port: options.xdsPort(), caPem: options.caPem || request.caCert })
}

function answer(reply: FastifyReply, bootstrap: EnvoyBootstrap, accept: string): FastifyReply {
  const yaml = stringify(bootstrap.config)
  if (!accept.includes('application/json')) return reply.type('text/x-yaml').send(yaml)
  const networking = bootstrap.address === undefined ? {} : { address: bootstrap.address }
  const body = {
    bootstrap: Buffer.from(yaml).toString('base64'),
    kumaSidecarConfiguration: { networking, metrics: { aggregate: null } },
  }
  return reply.type('application/json').send(JSON.stringify(body))
}

/** kuma-dp retries 404 without a body and 500, and gives up on the others. */
function refuse(reply: FastifyReply, error: AppError): FastifyReply {
  switch (error.code) {
    case 'not-found':
      return reply.code(404).send('')
    case 'invalid-resource':
    case 'invalid-argument':
    case 'unauthenticated':
    case 'permission-denied':
      return reply.code(422).type('text/plain; charset=utf-8').send(error.message)
    default:
      return reply.code(500).send('')
  }
}

function readJson(body: unknown): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    // Not JSON: the schema refuses it like anything else that is no bootstrap request.
    return undefined
  }
}

function hostOf(header: string | undefined): string {
  const host = header ?? '127.0.0.1'
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : (host.split(':')[0] ?? '127.0.0.1')
}
