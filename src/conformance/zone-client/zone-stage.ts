import type { ZoneInstanceConfig } from '../controller.js'
import type { Exchange } from '../result.js'
import type { HeardCall, Scene, SceneSettings } from './scene.js'

/**
 * What a case acts on that judges a zone: a global of the suite at one address, and zones that are told of it. Every expectation
 * becomes a step of the result; one that fails does not end the case.
 */
export interface ZoneStage {
  /** The name that zones are given. */
  readonly zone: string
  /** What is in the token file. */
  readonly token: string
  /** From now on this is what answers at the address; connections to the scene before are cut. */
  scene(settings: SceneSettings): Promise<Scene>
  /** A zone with the token and the authority to trust, and with these changes. Throws `unavailable` when it refuses to start. */
  startZone(changes?: ZoneChanges): Promise<void>
  /** What a zone with these changes said when it refused to start; undefined: it runs. */
  startRefusal(changes: ZoneChanges): Promise<string | undefined>
  /** Ends the zones that run. */
  stopZones(): Promise<void>
  /** Puts a fresh token into the file, in one step. */
  replaceToken(): Promise<void>
  /** The first call of the scene that shows the token, once there is one; undefined: none came in time. */
  presented(scene: Scene): Promise<HeardCall | undefined>
  /** A step that has to hold. */
  check(step: string, held: boolean, detail: string, call?: Exchange): void
  /** A step without which the others prove nothing: the case is inconclusive when it does not hold. */
  control(step: string, held: boolean, detail: string, call?: Exchange): void
  /** Asks until the answer is yes; false when it has not been within the time. */
  until(withinMs: number, probe: () => boolean): Promise<boolean>
}

export type ZoneChanges = Partial<Pick<ZoneInstanceConfig, 'skipVerify'>> & { readonly plaintext?: boolean }

/** A zone that has been refused a few times may wait a minute (Kuma's longest) before it dials again. */
export const DIALS_WITHIN_MS = 75_000
