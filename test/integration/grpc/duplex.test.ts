import type { Duplex } from '../../../src/protocol/duplex.js'
import type { DeltaRequest, EncodedResponse } from '../../../src/protocol/messages.js'
import { encodeDeltaResponse, encodeDiscoveryResource } from '../../../src/wire/delta-codec.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { KUMA_RESOURCE_URL } from '../../../src/wire/type-urls.js'
import { type DuplexPair, duplexContract } from '../../contract/duplex-contract.js'
import { startRig } from './rig.js'

async function makePair(secure: boolean): Promise<DuplexPair> {
  let arrived: (duplex: Duplex<EncodedResponse, DeltaRequest>) => void = () => {}
  const arrival = new Promise<Duplex<EncodedResponse, DeltaRequest>>((resolve) => {
    arrived = resolve
  })
  const register = (server: Parameters<Parameters<typeof startRig>[0]>[0]) =>
    server.stream(KDS.GlobalToZoneSync, (_peer, duplex) => arrived(duplex))
  const rig = await startRig(register, { secure })
  const subscriber = rig.connect().open(KDS.GlobalToZoneSync)
  return {
    publisher: await arrival,
    subscriber,
    response,
    cut: () => rig.cut(),
    close: () => rig.close(),
  }
}

function response(type: string, nonce: string, size: number): EncodedResponse {
  const padding = { name: 'padding', version: '1', typeUrl: KUMA_RESOURCE_URL, value: new Uint8Array(size) }
  const resources = [encodeDiscoveryResource(padding)]
  return { type, nonce, bytes: encodeDeltaResponse({ type, nonce, resources, removed: [], controlPlane: 'global' }) }
}

duplexContract('gRPC in plaintext', () => makePair(false))
duplexContract('gRPC over TLS', () => makePair(true))
