import { create, toBinary } from '@bufbuild/protobuf'
import { AnySchema } from '@bufbuild/protobuf/wkt'
import { expect, test } from 'vitest'
import { ENVOY_TYPE_URL, envoyJson } from '../../../src/wire/envoy-codec.js'
import { ListenerSchema } from '../../../src/wire/generated/envoy/config/listener/v3/listener_pb.js'

test('shows an extension that zonelab does not define by its type alone', () => {
  const typeUrl = 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC'
  const value = toBinary(AnySchema, create(AnySchema, { typeUrl: 'anything' }))
  const listener = create(ListenerSchema, {
    name: 'in',
    filterChains: [
      {
        filters: [{ name: 'rbac', configType: { case: 'typedConfig', value: create(AnySchema, { typeUrl, value }) } }],
      },
    ],
  })
  expect(envoyJson(ENVOY_TYPE_URL.listener, toBinary(ListenerSchema, listener))).toEqual({
    '@type': ENVOY_TYPE_URL.listener,
    name: 'in',
    filter_chains: [{ filters: [{ name: 'rbac', typed_config: { '@type': typeUrl } }] }],
  })
})

test('does not read bytes that are no message, nor a resource of an unknown type', () => {
  expect(() => envoyJson(ENVOY_TYPE_URL.cluster, Uint8Array.of(0xff))).toThrow(/do not decode/)
  expect(() => envoyJson('type.googleapis.com/envoy.config.route.v3.VirtualHost', Uint8Array.of())).toThrow(
    /not a type/,
  )
})
