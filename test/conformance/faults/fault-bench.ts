import { createPublicKey } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { USER_KEYS, ZONE_KEYS } from '../../../src/auth/token-secrets.js'
import { systemClock } from '../../../src/base/clock.js'
import { AppError } from '../../../src/base/errors.js'
import { systemRandom } from '../../../src/base/random.js'
import { labController } from '../../../src/cli/conformance/lab-controller.js'
import type { Controller, Endpoint, Instance, InstanceConfig } from '../../../src/conformance/controller.js'
import type { ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { Target } from '../../../src/conformance/target.js'
import { TargetApi } from '../../../src/conformance/target-api.js'
import { readSigningKey } from '../../../src/conformance/target-keys.js'
import type { Fault, World } from './fault.js'
import { FaultyGate } from './faulty-gate.js'

/** Runs the suite against a sound global behind gates that have one fault each. */
export class FaultBench {
  readonly #sound: Instance
  /** One with a platform. */
  readonly #tenants: Instance

  private constructor(sound: Instance, tenants: Instance) {
    this.#sound = sound
    this.#tenants = tenants
  }

  static async start(): Promise<FaultBench> {
    return new FaultBench(await started({ tls: false }), await started({ tls: false, auth: 'sat' }))
  }

  async stop(): Promise<void> {
    await this.#sound.stop()
    await this.#tenants.stop()
  }

  /** `cases` are ids or beginnings of ids; none: all that there are. */
  async run(fault: Fault, cases: readonly string[], signal = new AbortController().signal): Promise<ConformanceResult> {
    const log: string[] = []
    const { profiles = ['zone-jwt'] } = fault
    const sound = profiles.includes('zone-jwt') ? this.#sound : this.#tenants
    const faulty = await behindGate(sound, fault, log)
    try {
      const target = await Target.of(faulty.endpoint, {}, { clock: systemClock, random: systemRandom })
      return await new Run({
        target,
        selection: { profiles, cases, levels: [], safeties: ['safe', 'leaves-traces', 'intrusive'] },
        behaviours: { answers: 'zonelab', openStream: 'parity' },
        controller: controllerWith(fault, log),
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
      faulty.gate.close()
    }
  }
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
      const { gate, endpoint } = await behindGate(instance, fault, log)
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
          gate.close()
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

async function behindGate(instance: Instance, fault: Fault, log: string[]) {
  // Where there is a platform a control plane is made, whose keys the gate can know.
  const { endpoint } = await Target.of(instance.endpoint, {}, { clock: systemClock, random: systemRandom })
  const gate = await FaultyGate.open(endpoint, fault, await worldOf(endpoint, log))
  return { gate, endpoint: { ...endpoint, address: gate.address, trust: { kind: 'plaintext' } as const } }
}

async function worldOf(endpoint: Endpoint, log: string[]): Promise<Omit<World, 'disturb'>> {
  if (endpoint.api === undefined) throw new AppError('invalid-argument', 'a faulty gate needs the API')
  const api = new TargetApi(endpoint.api)
  const { kid, privateKey } = await readSigningKey(api, ZONE_KEYS)
  const user = await readSigningKey(api, USER_KEYS)
  return {
    kid,
    privateKey,
    publicKey: createPublicKey(privateKey),
    otherKeys: [createPublicKey(user.privateKey)],
    memory: new Set(),
    log,
    platformToken: endpoint.platform?.userToken,
    newestKid: async () => (await readSigningKey(api, ZONE_KEYS)).kid,
    makeZone: async (name) => {
      await api.send('PUT', `/zones/${name}`, { type: 'Zone', name, enabled: true })
    },
    sleep: (delayMs) => sleep(delayMs),
  }
}
