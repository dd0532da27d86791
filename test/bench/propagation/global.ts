import { systemClock as clock } from '../../../src/base/clock.js'
import { silentLogger as log } from '../../../src/base/log.js'
import { systemRandom as random } from '../../../src/base/random.js'
import { GlobalProcess } from '../../../src/global/compose.js'
import { readGlobalConfig } from '../../../src/global/config.js'
import { offer } from '../child.js'

/** A whole global, as `zonelab global run` has it, in a process of its own. */
const methods = {
  async start(store: string): Promise<{ kds: number; apiHttp: number }> {
    const flags = { apiHttpPort: '0', apiHttpsPort: '0', diagnosticsPort: '0', kdsPort: '0' }
    const { values } = readGlobalConfig({ env: {}, flags: { ...flags, store, kdsTls: 'false', kdsAuth: 'none' } })
    const { kds, apiHttp } = await new GlobalProcess(values, { clock, random, log }).start()
    return { kds, apiHttp }
  },
}

export type Global = typeof methods

offer(methods)
