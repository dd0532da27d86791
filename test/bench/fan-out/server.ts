import { cpuMs, offer } from '../child.js'
import { bareSender } from './bare.js'
import { identitySender, stockSender } from './grpc.js'
import type { Sender, Variant } from './sender.js'
import { zonelabSender } from './zonelab.js'

const MAKE: Readonly<Record<Variant, () => Promise<Sender>>> = {
  zonelab: zonelabSender,
  bare: bareSender,
  identity: identitySender,
  stock: stockSender,
}

const sender = await MAKE[process.argv[2] as Variant]()
let version = 0

/** One sender in a process of its own. */
const methods = {
  port: () => sender.port,
  /** Resolves when so many zones have asked. */
  async connected(zones: number): Promise<void> {
    while (sender.streams < zones) await new Promise((resolve) => setTimeout(resolve, 20))
  },
  /** Sends `rounds` changes to all `zones`, each when the one before is answered. CPU is this process's, kernel included. */
  async fanOut(size: number, rounds: number, zones: number): Promise<{ cpuMs: number; wallMs: number }> {
    const before = cpuMs()
    const started = process.hrtime.bigint()
    for (let round = 0; round < rounds; round += 1) {
      version += 1
      const all = sender.answers + zones
      const answered = new Promise<void>((resolve) => {
        sender.onAnswer = () => {
          if (sender.answers >= all) resolve()
        }
      })
      await sender.send(size, version)
      await answered
    }
    return { cpuMs: cpuMs() - before, wallMs: Number(process.hrtime.bigint() - started) / 1e6 }
  },
}

export type FanOutServer = typeof methods

offer(methods)
