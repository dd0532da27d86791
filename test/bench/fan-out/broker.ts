import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Programs that distribute changes in other ways; measured where they are installed, and no claim is made of them. */
export const BROKERS = ['nats-server', 'etcd'] as const
export type BrokerName = (typeof BROKERS)[number]

/** Whoever publishes to a broker, and all who are told. */
export interface BrokerClients {
  /** One change of so many bytes; resolves when everybody has it. */
  round(bytes: number): Promise<void>
}

const ARGUMENTS: Readonly<Record<BrokerName, (ports: readonly number[], folder: string) => readonly string[]>> = {
  'nats-server': ([port]) => ['-a', '127.0.0.1', '-p', String(port)],
  etcd: ([port, peers], folder) => {
    const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peers}`]
    const urls = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer]
    const cluster = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`]
    return ['--data-dir', folder, ...urls, ...cluster]
  },
}

/** The kernel's reckoning of CPU (`getconf CLK_TCK`), the same on every Linux that runs Node. */
const TICK_MS = 10

/** A broker in a process of its own, with its data in a folder that goes with it. */
export class Broker {
  readonly port: number
  readonly #process: ChildProcess
  readonly #folder: string

  /** Undefined where it is not installed: no folder of PATH has it. */
  static async start(name: BrokerName): Promise<Broker | undefined> {
    const folders = (process.env.PATH ?? '').split(delimiter)
    const program = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
    return program === undefined ? undefined : new Broker(program, name, [await freePort(), await freePort()])
  }

  private constructor(program: string, name: BrokerName, ports: readonly number[]) {
    this.port = ports[0] ?? 0
    this.#folder = mkdtempSync(join(tmpdir(), 'zonelab-bench-'))
    this.#process = spawn(program, ARGUMENTS[name](ports, this.#folder), { stdio: 'ignore' })
  }

  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }

  end(): void {
    this.#process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }))
    this.#process.kill('SIGKILL')
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
