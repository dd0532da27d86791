import { offer } from '../child.js'
import type { BrokerClients, BrokerName } from './broker.js'
import { etcdClients } from './etcd.js'
import { natsClients } from './nats.js'

const MAKE: Readonly<Record<BrokerName, (port: number, count: number) => Promise<BrokerClients>>> = {
  'nats-server': natsClients,
  etcd: etcdClients,
}

let clients: BrokerClients

const methods = {
  async connect(broker: BrokerName, port: number, count: number): Promise<void> {
    clients = await MAKE[broker](port, count)
  },
  async rounds(count: number, bytes: number): Promise<void> {
    for (let round = 0; round < count; round += 1) await clients.round(bytes)
  },
}

export type BrokerChild = typeof methods

offer(methods)
