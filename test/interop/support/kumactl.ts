import { mkdirSync } from 'node:fs'
import { type Finished, run } from './child.js'
import { pathOf } from './peers.js'
import type { Rest } from './rest.js'
import type { World } from './world.js'

/** kumactl with a home of its own, pointed at one control plane. */
export class Kumactl {
  readonly #home: string

  private constructor(home: string) {
    this.#home = home
  }

  /** Adds the control plane; what kumactl said of it is `added`. */
  static async connect(
    world: World,
    { url }: Pick<Rest, 'url'>,
  ): Promise<{ readonly kumactl: Kumactl; readonly added: Finished }> {
    const home = world.path('kumactl')
    mkdirSync(home)
    const kumactl = new Kumactl(home)
    const added = await kumactl.run(['config', 'control-planes', 'add', '--name', 'peer', '--address', url])
    return { kumactl, added }
  }

  run(args: readonly string[], input?: string): Promise<Finished> {
    return run(pathOf('KUMACTL'), args, { env: { HOME: this.#home }, ...(input !== undefined && { input }) })
  }

  /** Standard output; throws what it said when it failed. */
  async output(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input)
    if (code !== 0) throw new Error(`kumactl ${args.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }
}
