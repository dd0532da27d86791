import { expect, test } from 'vitest'
import {
  ENVOY_TYPE_URL,
  encodeEnvoy,
  envoyJson,
  envoyResourceJson,
  typedConfig,
} from '../../../src/wire/envoy-codec.js'

const cluster = {
  name: 'c',
  type: 'EDS' as const,
  connectTimeout: '1.5s',
  typedExtensionProtocolOptions: {
    http: typedConfig('HttpProtocolOptions', { explicitHttpConfig: { http2ProtocolOptions: {} } }),
  },
}

test('a resource comes back as Envoy shows it, with what stands in its Any', () => {
  expect(envoyResourceJson(encodeEnvoy('cluster', 'c', cluster))).toEqual({
    '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
    name: 'c',
    type: 'EDS',
    connect_timeout: '1.500s',
    typed_extension_protocol_options: {
      http: {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  })
})

test('equal content has equal bytes and version, other content another', () => {
  const one = encodeEnvoy('cluster', 'c', cluster)
  expect(encodeEnvoy('cluster', 'c', { ...cluster })).toEqual(one)
  expect(encodeEnvoy('cluster', 'c', { ...cluster, connectTimeout: '2s' }).version).not.toBe(one.version)
})

test('a shape that Envoy does not have is a mistake of ours', () => {
  const wrong = { name: 'c', lbPolicy: 'NO_SUCH_POLICY' } as never
  expect(() => encodeEnvoy('cluster', 'c', wrong)).toThrow(/cluster c does not have Envoy's shape/)
})

test('private keys are not shown', () => {
  const secret = encodeEnvoy('secret', 's', {
    name: 's',
    tlsCertificate: {
      certificateChain: { inlineBytes: Buffer.from('chain').toString('base64') },
      privateKey: { inlineBytes: Buffer.from('very secret').toString('base64') },
    },
  })
  const shown = JSON.stringify(envoyResourceJson(secret))
  expect(shown).toContain(Buffer.from('[redacted]').toString('base64'))
  expect(shown).toContain(Buffer.from('chain').toString('base64'))
  expect(shown).not.toContain(Buffer.from('very secret').toString('base64'))
})

test('unknown types and broken bytes are named', () => {
  expect(() => envoyJson('type.googleapis.com/envoy.Unknown', new Uint8Array())).toThrow(/envoy.Unknown is not a type/)
  expect(() => envoyJson(ENVOY_TYPE_URL.cluster, Uint8Array.of(10, 5, 1))).toThrow(/do not decode/)
})
