import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import { HEADER_FEATURES } from '../../../src/sync/features.js'
import { GrpcClient } from '../../../src/transport/grpc/client.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { zoneHeaders } from '../../../src/wire/metadata.js'
import { ControlPlanes, isOnline, MESH_TIMEOUTS, timeout, whenNamed, whenOnline } from './control-planes.js'

let planes: ControlPlanes

beforeEach(() => {
  planes = new ControlPlanes()
})

afterEach(() => planes.close())

/** How a global ends a stream on which `bytes` come as a message. */
async function endAfter(target: string, bytes: Buffer): Promise<CloseReason> {
  const client = new GrpcClient({
    target,
    trust: { kind: 'plaintext' },
    headers: () =>
      zoneHeaders({ zone: 'hostile', version: '3.0.0', features: HEADER_FEATURES, token: undefined, cpId: undefined }),
    messageBytesMax: 100_000_000,
  })
  const duplex = client.open({ ...KDS.GlobalToZoneSync, encodeRequest: () => bytes })
  const ended = new Promise<CloseReason>((resolve) => {
    duplex.open({ onMessage: () => {}, onWritable: () => {}, onEnd: resolve })
  })
  duplex.send({
    type: '',
    nonce: '',
    subscribe: [],
    unsubscribe: [],
    initialVersions: new Map(),
    error: undefined,
    node: {},
  })
  const reason = await ended
  client.close()
  return reason
}

describe('a hostile message', () => {
  test.each([
    ['that does not decode', Buffer.from([0xff, 0xff, 0xff]), /decode/],
    ['over the limit', Buffer.alloc(50_000), /larger than max/],
    ['without a type', Buffer.alloc(0), /empty type/],
  ])('%s ends its stream with a reason and touches no other', async (_what, bytes, detail) => {
    const global = await planes.global({ maxMsgSize: 40_000 })
    const zone = await planes.zone('zone-1', global.address)
    await whenOnline(global.api, 'zone-1')
    const reason = await endAfter(global.address.replace('grpc://', ''), bytes)
    // Never OK (kds.md trap 1): our own client tells some of the codes as refusals.
    expect(['refused', 'peer-ended']).toContain(reason.kind)
    expect(reason).not.toMatchObject({ status: 0 })
    expect(reason.detail).toMatch(detail)
    await whenOnline(global.api, 'hostile', false)
    await global.api.put(`${MESH_TIMEOUTS}/after`, timeout('after'))
    await whenNamed(zone.api, MESH_TIMEOUTS, 'after')
    expect(await isOnline(global.api, 'zone-1')).toBe(true)
  })
})
