import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { DELIVERIES, deliver, type ProvisionedZone } from '../../../src/cli/zone-delivery.js'

const ZONE: ProvisionedZone = {
  zone: 'zone-4',
  region: 'us',
  controlPlane: '11111111-2222-4333-8444-555555555555',
  address: 'grpcs://127.0.0.1:5685',
  caFile: '/lab/tls/ca.crt',
  token: 'spat_of-the-test',
}

test('an environment begins with the three values that every installer asks for', () => {
  expect(deliver(ZONE, 'env', undefined)).toBe(
    `KONNECT_REGION=us\nKONNECT_CP_ID=${ZONE.controlPlane}\nZONE_TOKEN=${ZONE.token}`,
  )
})

test("with a product it goes on with that product's own names, and ours reads the newer ones", () => {
  const names = (product: 'kuma' | 'kong-mesh-2') =>
    deliver(ZONE, 'env', product)
      .split('\n')
      .slice(3)
      .map((line) => line.split('=')[0])
  const common = [
    'KUMA_MODE',
    'KUMA_MULTIZONE_ZONE_NAME',
    'KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS',
    'KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE',
  ]
  expect(names('kuma')).toEqual([
    ...common,
    'KUMA_MULTIZONE_ZONE_KONNECT_CP_ID',
    'KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_INLINE',
  ])
  expect(names('kong-mesh-2')).toEqual([
    ...common,
    'KMESH_MULTIZONE_ZONE_KONNECT_CP_ID',
    'KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_INLINE',
  ])
})

test('a token that was written to a file is named by its path, and one that was not shown is one word', () => {
  const zone = { ...ZONE, token: 'not-shown', tokenFile: '/safe/zone-4.token' }
  const lines = (product: 'kuma' | 'kong-mesh-2') => deliver(zone, 'env', product).split('\n')
  expect(lines('kuma').at(-1)).toBe('KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH=/safe/zone-4.token')
  expect(lines('kong-mesh-2').at(-1)).toBe('KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_PATH=/safe/zone-4.token')
  expect(parse(deliver(zone, 'yaml', 'kuma')).multizone.zone.kds.auth).toEqual({ tokenPath: '/safe/zone-4.token' })
  const kmesh = parse(deliver(zone, 'yaml', 'kong-mesh-2')).kmesh.multizone.zone.kds
  expect(kmesh.auth).toEqual({ cpTokenPath: '/safe/zone-4.token' })
})

test('Helm values name the secret and do not hold the token', () => {
  const values = deliver(ZONE, 'helm', 'kong-mesh-2')
  expect(values).not.toContain(ZONE.token)
  expect(parse(values)).toEqual({
    kuma: {
      controlPlane: {
        mode: 'zone',
        zone: 'zone-4',
        kdsGlobalAddress: ZONE.address,
        konnect: { cpId: ZONE.controlPlane },
        secrets: [{ Env: 'KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_INLINE', Secret: 'cp-token', Key: 'token' }],
      },
    },
  })
  expect(parse(deliver(ZONE, 'helm', 'kuma')).controlPlane.secrets[0].Env).toBe(
    'KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_INLINE',
  )
})

test('the configuration file of a control plane is as its product writes it', () => {
  const zone = { name: 'zone-4', globalAddress: ZONE.address }
  const kuma = parse(deliver(ZONE, 'yaml', 'kuma'))
  expect(kuma.multizone.zone).toEqual({
    ...zone,
    kds: { rootCaFile: ZONE.caFile, auth: { tokenInline: ZONE.token } },
    konnect: { cpId: ZONE.controlPlane },
  })
  const kong = parse(deliver(ZONE, 'yaml', 'kong-mesh-2'))
  expect(kong.multizone.zone).toEqual({ ...zone, kds: { rootCaFile: ZONE.caFile } })
  expect(kong.kmesh.multizone.zone.konnect).toEqual({ cpId: ZONE.controlPlane })
})

test('Terraform variables and JSON say the same', () => {
  const tfvars = deliver(ZONE, 'tfvars', undefined)
  expect(tfvars).toMatch(/^konnect_region {3}= "us"\n/)
  for (const value of Object.values(JSON.parse(deliver(ZONE, 'json', undefined))).filter(
    (text) => text !== ZONE.caFile,
  )) {
    expect(tfvars).toContain(`"${value}"`)
  }
})

test('each form ends without a newline, so that it is printed with one', () => {
  for (const form of DELIVERIES) expect(deliver(ZONE, form, undefined)).not.toMatch(/\n$/)
})
