import type { LabSpec } from '../../../src/lab/lab-spec.js'
import { shopTopology } from '../../../src/lab/shop.js'

/** A lab of so many zones, complete; `changes` replace parts of it. */
export function labSpec(zones: number, changes: Partial<LabSpec> = {}, external: readonly string[] = []): LabSpec {
  return {
    topology: shopTopology({ tenants: 1, zones, dataplanes: 3, external }),
    auth: 'none',
    openStreams: 'parity',
    plaintext: true,
    listen: '127.0.0.1',
    db: 'memory',
    processes: 'auto',
    global: { kind: 'own', ports: {} },
    ...changes,
  }
}
