import { ACCESS_SETTINGS } from '../auth/access-settings.js'
import { DATAPLANE_TOKEN_SETTINGS, USER_TOKEN_SETTINGS } from '../auth/token-settings.js'
import { CONTROL_PLANE_SETTINGS } from '../base/process-settings.js'
import {
  flag,
  oneOf,
  port,
  type ReadSettings,
  readSettings,
  type SettingSources,
  type SettingsOf,
  text,
  whole,
} from '../base/settings.js'
import { duration } from '../model/duration-setting.js'

/** Every setting of `zonelab zone run`. Defaults are Kuma's, except where safety asks for loopback (docs/DIFFERENCES.md). */
export const ZONE_SETTINGS = {
  zoneName: text({ env: 'KUMA_MULTIZONE_ZONE_NAME', doc: 'Name of this zone, an RFC 1035 label', fallback: 'default' }),
  globalAddress: text({
    env: 'KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS',
    doc: '`grpcs://host:port` or `grpc://host:port` of the global, several instances of it with commas between; empty: the zone stands alone',
    fallback: '',
  }),
  kdsRootCaFile: text({ env: 'KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE', doc: 'CA of the global', fallback: '' }),
  kdsTlsSkipVerify: flag({
    env: 'KUMA_MULTIZONE_ZONE_KDS_TLS_SKIP_VERIFY',
    doc: 'Take any certificate of the global: the token then goes to whoever answers at its address',
    fallback: false,
  }),
  tokenPath: text({
    env: 'KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH',
    kongEnv: 'KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_PATH',
    doc: 'File with the zone token; read again for every call, so that it can be rotated',
    fallback: '',
  }),
  tokenInline: text({
    env: 'KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_INLINE',
    kongEnv: 'KMESH_MULTIZONE_ZONE_KDS_AUTH_CP_TOKEN_INLINE',
    doc: 'The zone token itself; the file wins',
    fallback: '',
    secret: true,
  }),
  cpId: text({
    env: 'KUMA_MULTIZONE_ZONE_KONNECT_CP_ID',
    doc: 'Control plane at the global that this zone belongs to; empty: its default one',
    fallback: '',
  }),
  dpServerPort: port({ env: 'KUMA_DP_SERVER_PORT', doc: 'xDS for sidecars, over TLS', fallback: 5678 }),
  bootstrapPort: port({
    env: 'ZONELAB_BOOTSTRAP_PORT',
    doc: '`POST /bootstrap` for sidecars, over TLS',
    fallback: 5677,
  }),
  dpAuth: oneOf({
    env: 'KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE',
    doc: 'How sidecars prove who they are',
    words: ['none', 'dpToken'],
    fallback: 'dpToken',
  }),
  caFile: text({ env: 'ZONELAB_CA_FILE', doc: 'CA that sidecars are told to trust', fallback: '' }),
  zoneProxy: flag({
    env: 'ZONELAB_ZONE_PROXY',
    doc: 'Make a zone proxy (a Dataplane with ZoneIngress and ZoneEgress listeners)',
    fallback: true,
  }),
  zoneProxyPort: port({ env: 'ZONELAB_ZONE_PROXY_PORT', doc: 'First port of the zone proxy', fallback: 10_001 }),
  meshServiceGraceMs: duration({
    env: 'KUMA_MESH_SERVICE_DELETION_GRACE_PERIOD',
    doc: 'How long a generated MeshService outlives its last Dataplane',
    fallback: 3_600_000,
  }),
  dataplaneGraceMs: duration({
    env: 'KUMA_XDS_DATAPLANE_DEREGISTRATION_DELAY',
    doc: 'How long a sidecar may be away before the Dataplane it made is deleted',
    fallback: 10_000,
  }),
  dataplaneCleanupMs: duration({
    env: 'KUMA_RUNTIME_UNIVERSAL_DATAPLANE_CLEANUP_AGE',
    doc: 'How long a sidecar may be offline before its Dataplane is deleted, whoever made it',
    fallback: 72 * 3_600_000,
  }),
  insightFlushMs: duration({
    env: 'KUMA_XDS_SERVER_DATAPLANE_STATUS_FLUSH_INTERVAL',
    doc: 'Least time between two writes of an insight',
    fallback: 10_000,
  }),
  reportResourcesCount: flag({
    env: 'KUMA_METRICS_CONTROL_PLANE_REPORT_RESOURCES_COUNT',
    doc: 'Serve the metric resources_count',
    fallback: true,
  }),
  keepaliveMs: whole({
    env: 'ZONELAB_KEEPALIVE_MS',
    doc: 'A global that says nothing for so long is pinged; a Kuma global takes a shorter time than 15 s ill',
    fallback: 20_000,
    min: 100,
    max: 600_000,
  }),
  backoffBaseMs: whole({
    env: 'ZONELAB_BACKOFF_BASE_MS',
    doc: 'First wait before the global is dialled again',
    fallback: 500,
    min: 1,
    max: 60_000,
  }),
  backoffCapMs: whole({
    env: 'ZONELAB_BACKOFF_CAP_MS',
    doc: 'Longest such wait',
    fallback: 10_000,
    min: 1,
    max: 600_000,
  }),
  maxMsgSize: whole({
    env: 'KUMA_MULTIZONE_ZONE_KDS_MAX_MSG_SIZE',
    doc: 'Largest KDS message in bytes',
    fallback: 10_485_760,
    min: 1_024,
    max: 1_073_741_824,
  }),
  labelsSkipPrefixes: text({
    env: 'KUMA_MULTIZONE_ZONE_KDS_LABELS_SKIP_PREFIXES',
    doc: 'Comma-separated prefixes of labels that are not sent to the global',
    fallback: '',
  }),
  disableOriginLabelValidation: flag({
    env: 'KUMA_MULTIZONE_ZONE_DISABLE_ORIGIN_LABEL_VALIDATION',
    doc: 'Accept resources without `kuma.io/origin: zone`',
    fallback: false,
  }),
  ...USER_TOKEN_SETTINGS,
  ...ACCESS_SETTINGS,
  ...DATAPLANE_TOKEN_SETTINGS,
  ...CONTROL_PLANE_SETTINGS,
} as const

export type ZoneConfig = SettingsOf<typeof ZONE_SETTINGS>

/** Throws `invalid-argument` that names every faulty setting. */
export function readZoneConfig(sources: SettingSources): ReadSettings<typeof ZONE_SETTINGS> {
  return readSettings(ZONE_SETTINGS, sources)
}
