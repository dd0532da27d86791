import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../../base/clock.js'
import type { Faces } from './faces.js'
import { Scene, type SceneSettings } from './scene.js'
import { Wire } from './wire.js'

interface Stage {
  readonly scene: Scene
  readonly port: number
}

/** The global that a zone under test dials: one address, and one scene after another behind it. */
export class ScriptedGlobal {
  readonly #faces: Faces
  readonly #clock: Clock
  readonly #server: Server
  #now: Stage | undefined

  private constructor(faces: Faces, clock: Clock) {
    this.#faces = faces
    this.#clock = clock
    this.#server = createServer((socket) => this.#accepted(socket))
  }

  static async listen(faces: Faces, clock: Clock): Promise<ScriptedGlobal> {
    const global = new ScriptedGlobal(faces, clock)
    await new Promise<void>((resolve) => global.#server.listen(0, '127.0.0.1', resolve))
    return global
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on the zone meets this; its connections to the scene before are cut. */
  async play(settings: SceneSettings): Promise<Scene> {
    const next = await Scene.open(settings, this.#clock)
    const before = this.#now
    this.#now = next
    await before?.scene.close()
    return next.scene
  }

  async stop(): Promise<void> {
    this.#server.close()
    await this.#now?.scene.close()
    this.#now = undefined
  }

  #accepted(socket: Socket): void {
    if (this.#now === undefined) return void socket.destroy()
    const { scene, port } = this.#now
    const tls = this.#faces.contextOf(scene.settings.face)
    scene.wires.push(new Wire({ socket, tls, atMs: this.#clock.monotonicMs(), innerPort: port }))
  }
}
