import { Child, withChildren } from '../child.js'
import { median } from '../statistics.js'
import { BROKERS, Broker, type BrokerName } from './broker.js'
import type { BrokerChild } from './broker-clients.js'

/** The kernel counts a foreign process's CPU in steps of 10 ms: a turn sends each subscriber so much that they do not matter. */
const TURN_BYTES = 20 * 1_024
const ROUNDS_MIN = 3
const TURNS = 3

/** µs of a broker's CPU for each delivery, by name; a note for each that is not installed. */
export async function brokerCosts(
  subscribers: number,
  sizes: readonly { readonly name: string; readonly bytes: number }[],
): Promise<{ readonly figures: Readonly<Record<string, number>>; readonly notes: readonly string[] }> {
  const figures: Record<string, number> = {}
  const notes: string[] = []
  for (const name of BROKERS) {
    const broker = await Broker.start(name)
    if (broker) Object.assign(figures, await costs(name, broker, subscribers, sizes))
    else notes.push(`${name}: not installed on this machine`)
  }
  return { figures, notes }
}

async function costs(
  name: BrokerName,
  broker: Broker,
  subscribers: number,
  sizes: readonly { readonly name: string; readonly bytes: number }[],
): Promise<Record<string, number>> {
  const clients = new Child<BrokerChild>('fan-out/broker-clients.js')
  return await withChildren([clients, broker], async () => {
    await clients.call('connect', name, broker.port, subscribers)
    const found: Record<string, number> = {}
    for (const size of sizes) {
      const rounds = Math.max(ROUNDS_MIN, Math.round(TURN_BYTES / size.bytes))
      const turns: number[] = []
      for (let turn = -1; turn < TURNS; turn += 1) {
        const before = broker.cpuMs()
        await clients.call('rounds', rounds, size.bytes)
        // The first turn warms up.
        if (turn >= 0) turns.push(((broker.cpuMs() - before) * 1e3) / (rounds * subscribers))
      }
      found[`${size.name}: µs of CPU per delivery, ${name} (reported, not claimed)`] = median(turns)
    }
    return found
  })
}
