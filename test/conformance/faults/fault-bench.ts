import { createPublicKey } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  dataplaneKeys,
  type KeyPlace,
  USER_KEYS,
  ZONE_KEYS,
  ZONE_REVOCATIONS,
} from '../../../src/auth/token-secrets.js'
import { systemClock } from '../../../src/base/clock.js'
import { AppError } from '../../../src/base/errors.js'
import { systemRandom } from '../../../src/base/random.js'
import { labController } from '../../../src/cli/conformance/lab-controller.js'
import { type ThrowAwayZone, throwAwayZone } from '../../../src/cli/conformance/throw-away-zone.js'
import type {
  ApiEndpoint,
  Controller,
  Endpoint,
  Instance,
  InstanceConfig,
} from '../../../src/conformance/controller.js'
import { type Way, wayOfAll } from '../../../src/conformance/door.js'
import type { Profile } from '../../../src/conformance/matrix.js'
import type { ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { Target } from '../../../src/conformance/target.js'
import { TargetApi } from '../../../src/conformance/target-api.js'
import { readSigningKey } from '../../../src/conformance/target-keys.js'
import { CONTROL_PLANES } from '../../../src/conformance/target-platform.js'
import type { Fault, Knowledge } from './fault.js'
import { FaultyApi } from './faulty-api.js'
import { FaultyGate } from './faulty-gate.js'
import { RestGate } from './rest-gate.js'

/** Runs the suite against a sound global behind gates that have one fault each. */
export class FaultBench {
  readonly #sound: Instance
  /** One with a platform. */
  readonly #tenants: Instance
  readonly #zone: ThrowAwayZone

  private constructor(sound: Instance, tenants: Instance, zone: ThrowAwayZone) {
    this.#sound = sound
    this.#tenants = tenants
    this.#zone = zone
  }

  static async start(): Promise<FaultBench> {
    const tenants = await started({ tls: false, auth: 'sat' })
    return new FaultBench(await started({ tls: false }), tenants, await throwAwayZone())
  }

  async stop(): Promise<void> {
    await this.#sound.stop()
    await this.#tenants.stop()
    await this.#zone.stop()
  }

  /** `cases` are ids or beginnings of ids; none: all that there are. */
  async run(fault: Fault, cases: readonly string[], signal = new AbortController().signal): Promise<ConformanceResult> {
    const log: string[] = []
    const { profiles = ['zone-jwt'] } = fault
    const way = wayInto(profiles)
    const faulty = await behindGate(this.#soundFor(profiles), fault, log)
    try {
      const target = await Target.of(faulty.endpoint, {}, PORTS, KEYS_OF[way])
      return await new Run({
        target,
        selection: { profiles, cases, levels: [], safeties: ['safe', 'leaves-traces', 'intrusive'] },
        behaviours: { answers: 'zonelab', openStream: 'parity' },
        controller: way === 'xds' ? undefined : controllerWith(fault, log),
        log: { mark: async () => log.length, since: async (mark) => log.slice(mark).join('\n') },
        ratePerSecond: 10_000,
        callTimeoutMs: 10_000,
        expectedFailures: new Set(),
        isZonelab: true,
        toolVersion: '0.0.0',
        signal,
        observer: { onPlan() {}, onTarget() {}, onAttempt() {}, onCase() {} },
      }).run()
    } finally {
      faulty.close()
    }
  }

  #soundFor(profiles: readonly Profile[]): Pick<Instance, 'endpoint'> {
    if (wayInto(profiles) === 'xds') return this.#zone
    return profiles.some((profile) => profile === 'konnect-sat' || profile === 'kds-multitenant')
      ? this.#tenants
      : this.#sound
  }
}

const PORTS = { clock: systemClock, random: systemRandom }
const KEYS_OF: Readonly<Record<Way, KeyPlace>> = { kds: ZONE_KEYS, rest: USER_KEYS, xds: dataplaneKeys('default') }

/** A gate stands before a door: a zone that dials has none. */
function wayInto(profiles: readonly Profile[]): Way {
  const way = wayOfAll(profiles)
  if (way === 'client') throw new AppError('invalid-argument', 'there is no gate before a zone')
  return way
}

/** Ids of the cases that turned red. */
export function redCases({ cases }: ConformanceResult): readonly string[] {
  return cases.filter(({ outcome }) => outcome.kind === 'failed').map(({ id }) => id)
}

/** Each target that it starts has the fault too. */
function controllerWith(fault: Fault, log: string[]): Controller {
  return {
    ...labController,
    async start(config) {
      const instance = await labController.start(config)
      if (instance.kind === 'refused') return instance
      const { endpoint, close } = await behindGate(instance, fault, log)
      return {
        kind: 'running',
        endpoint,
        restart: () => instance.restart(),
        setClock: (offsetMs) => instance.setClock(offsetMs),
        setStoreDown: (down) => instance.setStoreDown(down),
        setPlatformDown: (down) => instance.setPlatformDown(down),
        replaceCertificate: () => instance.replaceCertificate(),
        log: () => instance.log(),
        async stop() {
          close()
          await instance.stop()
        },
      }
    },
  }
}

async function started(config: InstanceConfig): Promise<Instance> {
  const instance = await labController.start(config)
  if (instance.kind === 'refused') throw new AppError('unavailable', instance.text)
  return instance
}

/** The door of the fault's profiles, with the fault before it. */
async function behindGate(instance: Pick<Instance, 'endpoint'>, fault: Fault, log: string[]) {
  // Where there is a platform a control plane is made, whose keys the gate can know.
  const { endpoint } = await Target.of(instance.endpoint, {}, PORTS)
  const way = wayInto(fault.profiles ?? ['zone-jwt'])
  const { api } = endpoint
  if (api === undefined) throw new AppError('invalid-argument', 'a faulty gate needs the API')
  const world = await worldOf(endpoint, api, way, log)
  if (way === 'rest') {
    const gate = await RestGate.open(api.url, fault, { ...world, disturb: () => {} })
    return { endpoint: { ...endpoint, api: { ...api, url: gate.url } }, close: () => gate.close() }
  }
  const gate = await FaultyGate.open(endpoint, fault, world)
  const { platform } = endpoint
  const rest = fault.rest && (await FaultyApi.open(platform ?? api, fault, world))
  const url = rest && { url: rest.url }
  return {
    endpoint: {
      ...endpoint,
      address: gate.address,
      trust: { kind: 'plaintext' } as const,
      ...(platform ? { platform: { ...platform, ...url } } : { api: { ...api, ...url } }),
    },
    close() {
      gate.close()
      rest?.close()
    },
  }
}

async function worldOf(endpoint: Endpoint, apiEndpoint: ApiEndpoint, way: Way, log: string[]): Promise<Knowledge> {
  const api = new TargetApi(apiEndpoint)
  const { kid, privateKey } = await readSigningKey(api, KEYS_OF[way])
  const others = Object.values(KEYS_OF).filter(
    (place) => place !== KEYS_OF[way] && (way === 'xds' || place.mesh === undefined),
  )
  const otherKeys = await Promise.all(others.map(async (place) => (await readSigningKey(api, place)).privateKey))
  return {
    kid,
    privateKey,
    publicKey: createPublicKey(privateKey),
    otherKeys: otherKeys.map((key) => createPublicKey(key)),
    memory: new Set(),
    log,
    adminToken: apiEndpoint.userToken,
    platformToken: endpoint.platform?.userToken,
    otherPlatformToken: endpoint.platform?.otherUserToken,
    revokedAnywhere: () => revokedAnywhere(endpoint),
    newestKid: async () => (await readSigningKey(api, ZONE_KEYS)).kid,
    makeZone: async (name) => {
      await api.send('PUT', `/zones/${name}`, { type: 'Zone', name, enabled: true })
    },
    sleep: (delayMs) => sleep(delayMs),
  }
}

async function revokedAnywhere({ platform }: Endpoint): Promise<string> {
  if (platform === undefined) return ''
  const api = new TargetApi(platform)
  const { data = [] } = ((await api.get(`${CONTROL_PLANES}?page[size]=100`)) ?? {}) as { data?: { id: string }[] }
  const lists = data.map(({ id }) =>
    api.send('GET', `${CONTROL_PLANES}/${id}/api/global-secrets/${ZONE_REVOCATIONS.name}`),
  )
  const texts = (await Promise.all(lists)).map(({ body }) =>
    String((JSON.parse(body) as { data?: unknown }).data ?? ''),
  )
  return texts.map((text) => Buffer.from(text, 'base64').toString()).join()
}
