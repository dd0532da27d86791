import { ACCESS_SETTINGS } from '../auth/access-settings.js'
import { DATAPLANE_TOKEN_SETTINGS, USER_TOKEN_SETTINGS, ZONE_TOKEN_SETTINGS } from '../auth/token-settings.js'
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

/** Every setting of `zonelab global run`. Defaults are Kuma's, except where safety asks for loopback (docs/DIFFERENCES.md). */
export const GLOBAL_SETTINGS = {
  kdsPort: port({ env: 'KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT', doc: 'KDS over gRPC', fallback: 5685 }),
  kdsTls: flag({ env: 'KUMA_MULTIZONE_GLOBAL_KDS_TLS_ENABLED', doc: 'TLS on the KDS port', fallback: true }),
  kdsAuth: oneOf({
    env: 'KUMA_MULTIZONE_GLOBAL_KDS_AUTH_TYPE',
    doc: 'How zones prove who they are',
    words: ['none', 'zone-token', 'sat'],
    synonyms: { zoneToken: 'zone-token', cpToken: 'zone-token', konnect: 'sat' },
    fallback: 'zone-token',
  }),
  openStreams: oneOf({
    env: 'ZONELAB_OPEN_STREAMS',
    doc: 'Open streams are authenticated once (`parity`), or end when their credential does (`strict`)',
    words: ['parity', 'strict'],
    fallback: 'parity',
  }),
  platformUrl: text({
    env: 'ZONELAB_PLATFORM_URL',
    doc: 'Mode `sat`: this shard at the platform, `https://HOST:PORT/internal/shards/SHARD`',
    fallback: '',
  }),
  platformTokenFile: text({
    env: 'ZONELAB_PLATFORM_TOKEN_FILE',
    doc: 'File with the token by which this shard and its control-plane manager know each other; read for every request',
    fallback: '',
  }),
  platformCaFile: text({ env: 'ZONELAB_PLATFORM_CA_FILE', doc: 'CA of the platform; empty: the system', fallback: '' }),
  admissionMaxAgeMs: duration({
    env: 'ZONELAB_ADMISSION_MAX_AGE',
    doc: 'Mode `sat`: how old what the platform said of access tokens may be; beyond, nobody new gets in with one',
    fallback: 5_000,
  }),
  zoneTokenLeewayMs: duration({
    env: 'ZONELAB_ZONE_TOKEN_LEEWAY',
    doc: "How far the clock of a zone token's issuer may be off",
    fallback: 0,
  }),
  refusalsPerSecond: whole({
    env: 'ZONELAB_REFUSALS_PER_SECOND',
    doc: 'Refused KDS calls that one address is answered in a second; more wait, and then are turned away',
    fallback: 200,
    min: 1,
    max: 1_000_000,
  }),
  tenants: flag({
    env: 'ZONELAB_TENANTS',
    doc: 'Serve several control planes; KDS then needs the cp-id header',
    fallback: false,
  }),
  controlPlanes: text({
    env: 'ZONELAB_CONTROL_PLANES',
    doc: 'Comma-separated IDs of control planes that are made at start, beside `default`',
    fallback: '',
  }),
  workDir: text({ env: 'KUMA_GENERAL_WORK_DIR', doc: 'Where certificates are made when none are given', fallback: '' }),
  maxMsgSize: whole({
    env: 'KUMA_MULTIZONE_GLOBAL_KDS_MAX_MSG_SIZE',
    doc: 'Largest KDS message in bytes',
    fallback: 10_485_760,
    min: 1_024,
    max: 1_073_741_824,
  }),
  zoneInsightFlushMs: duration({
    env: 'KUMA_MULTIZONE_GLOBAL_KDS_ZONE_INSIGHT_FLUSH_INTERVAL',
    doc: 'Least time between two writes of a zone insight',
    fallback: 10_000,
  }),
  reportResourcesCount: flag({
    env: 'KUMA_METRICS_CONTROL_PLANE_REPORT_RESOURCES_COUNT',
    doc: 'Serve the metric resources_count: some 15 series for each control plane, made anew for each scrape',
    fallback: true,
  }),
  keepaliveMs: whole({
    env: 'ZONELAB_KEEPALIVE_MS',
    doc: 'A zone that says nothing for so long is pinged; without an answer for as long again it is gone',
    fallback: 15_000,
    min: 100,
    max: 600_000,
  }),
  subscriptionLimit: whole({
    env: 'KUMA_METRICS_ZONE_SUBSCRIPTION_LIMIT',
    doc: 'Subscriptions kept per zone insight',
    fallback: 10,
    min: 1,
    max: 1_000,
  }),
  skipMeshCreation: flag({
    env: 'KUMA_DEFAULTS_SKIP_MESH_CREATION',
    doc: 'Do not create the mesh `default`',
    fallback: false,
  }),
  skipHostnameGenerators: flag({
    env: 'KUMA_DEFAULTS_SKIP_HOSTNAME_GENERATORS',
    doc: 'Do not create the default hostname generators',
    fallback: false,
  }),
  unsafeDelete: flag({
    env: 'KUMA_STORE_UNSAFE_DELETE',
    doc: 'Delete meshes with dataplanes and zones that are online',
    fallback: false,
  }),
  labelsSkipPrefixes: text({
    env: 'KUMA_MULTIZONE_GLOBAL_KDS_LABELS_SKIP_PREFIXES',
    doc: 'Comma-separated prefixes of labels that are not sent to zones',
    fallback: '',
  }),
  guiDir: text({
    env: 'ZONELAB_GUI_DIR',
    doc: 'Folder of a built kuma-gui, served at `/gui`; empty: a page that says that there is none',
    fallback: '',
  }),
  ...ZONE_TOKEN_SETTINGS,
  ...USER_TOKEN_SETTINGS,
  ...ACCESS_SETTINGS,
  ...DATAPLANE_TOKEN_SETTINGS,
  ...CONTROL_PLANE_SETTINGS,
} as const

export type GlobalConfig = SettingsOf<typeof GLOBAL_SETTINGS>

/** Throws `invalid-argument` that names every faulty setting. */
export function readGlobalConfig(sources: SettingSources): ReadSettings<typeof GLOBAL_SETTINGS> {
  return readSettings(GLOBAL_SETTINGS, sources)
}
