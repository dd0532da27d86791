import { describe, expect, it } from 'vitest'
import type { AdminRequest } from '../../../src/wire/admin-codec.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { DeltaAggregatedResources } from '../../../src/wire/xds-service.js'

const QUESTION: AdminRequest = {
  requestId: 'r1',
  resourceType: 'Dataplane',
  resourceName: 'dp-1',
  resourceMesh: 'default',
}

describe('the methods', () => {
  it('have the paths that Kuma and Envoy call', () => {
    expect(Object.values(KDS).map((method) => method.path)).toEqual([
      '/kuma.mesh.v1alpha1.KDSSyncService/GlobalToZoneSync',
      '/kuma.mesh.v1alpha1.KDSSyncService/ZoneToGlobalSync',
      '/kuma.mesh.v1alpha1.GlobalKDSService/StreamXDSConfigs',
      '/kuma.mesh.v1alpha1.GlobalKDSService/StreamStats',
      '/kuma.mesh.v1alpha1.GlobalKDSService/StreamClusters',
      '/kuma.mesh.v1alpha1.GlobalKDSService/HealthCheck',
    ])
    expect(DeltaAggregatedResources.path).toBe(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    )
  })

  it('carry a question to a zone', () => {
    const { StreamXDSConfigs, StreamStats, StreamClusters } = KDS
    const xds = { ...QUESTION, includeEds: true }
    expect(StreamXDSConfigs.decodeResponse(StreamXDSConfigs.encodeResponse(xds))).toEqual(xds)
    const stats = { ...QUESTION, format: 'json', usedOnly: true } as const
    expect(StreamStats.decodeResponse(StreamStats.encodeResponse(stats))).toEqual(stats)
    const clusters = { ...QUESTION, format: 'text' } as const
    expect(StreamClusters.decodeResponse(StreamClusters.encodeResponse(QUESTION))).toEqual(clusters)
  })

  it('carry an answer, or the zone’s error, to the global', () => {
    const { encodeRequest, decodeRequest } = KDS.StreamStats
    expect(
      decodeRequest(encodeRequest({ requestId: 'r1', error: 'no such proxy', body: Buffer.alloc(0) })),
    ).toMatchObject({
      requestId: 'r1',
      error: 'no such proxy',
    })
    const answer = decodeRequest(encodeRequest({ requestId: 'r1', error: undefined, body: Buffer.from('up: 1') }))
    expect(answer.error).toBeUndefined()
    expect(Buffer.from(answer.body).toString()).toBe('up: 1')
  })

  it('carry the interval of health checks, or none', () => {
    const { encodeResponse, decodeResponse } = KDS.HealthCheck
    expect(decodeResponse(encodeResponse({ intervalMs: 90_500 }))).toEqual({ intervalMs: 90_500 })
    expect(encodeResponse({ intervalMs: undefined })).toHaveLength(0)
    expect(decodeResponse(new Uint8Array(0))).toEqual({ intervalMs: undefined })
    expect(decodeResponse(Buffer.from('0a00', 'hex'))).toEqual({ intervalMs: undefined })
  })

  it('refuse bytes that are no message', () => {
    const bytes = Buffer.from('0aff', 'hex')
    for (const { decodeRequest, decodeResponse } of Object.values(KDS)) {
      expect(() => decodeRequest(bytes)).toThrow(expect.objectContaining({ code: 'undecodable' }))
      expect(() => decodeResponse(bytes)).toThrow(expect.objectContaining({ code: 'undecodable' }))
    }
  })
})
