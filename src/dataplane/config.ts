import { PROCESS_SETTINGS } from '../base/process-settings.js'
import {
  flag,
  port,
  type ReadSettings,
  readSettings,
  type SettingSources,
  type SettingsOf,
  text,
  whole,
} from '../base/settings.js'

/** Every setting of `zonelab dataplane run`. Names are kuma-dp's where it has the setting. */
export const DATAPLANE_SETTINGS = {
  zoneName: text({
    env: 'KUMA_MULTIZONE_ZONE_NAME',
    doc: 'Zone of the sidecars, for status alone',
    fallback: 'default',
  }),
  cpAddress: text({
    env: 'KUMA_CONTROL_PLANE_URL',
    doc: 'xDS of the zone: `https://host:port`, or `http://host:port` without TLS and then without a token',
    fallback: 'https://localhost:5678',
  }),
  caFile: text({
    env: 'KUMA_CONTROL_PLANE_CA_CERT_FILE',
    doc: "CA of the zone's certificate; empty: the system's",
    fallback: '',
  }),
  tlsSkipVerify: flag({
    env: 'KUMA_CONTROL_PLANE_TLS_SKIP_VERIFY',
    doc: 'Do not verify the certificate of the zone',
    fallback: false,
  }),
  tokenPath: text({
    env: 'KUMA_DATAPLANE_RUNTIME_TOKEN_PATH',
    doc: 'File with the dataplane token, read again for each stream; empty: none',
    fallback: '',
  }),
  fleetFile: text({ env: 'ZONELAB_FLEET_FILE', doc: 'JSON file that lists the sidecars', fallback: '' }),
  listen: text({ env: 'ZONELAB_LISTEN', doc: 'Address that the diagnostics bind', fallback: '127.0.0.1' }),
  diagnosticsPort: port({
    env: 'ZONELAB_DIAGNOSTICS_PORT',
    doc: 'Readiness, metrics and the event stream',
    fallback: 0,
  }),
  adminPort: port({
    env: 'ZONELAB_ADMIN_PORT',
    doc: 'Admin interface of all sidecars, on loopback, under /proxies/{mesh}/{name}; 0: any free port',
    fallback: 0,
  }),
  ownAdminPorts: flag({
    env: 'ZONELAB_OWN_ADMIN_PORTS',
    doc: 'A port for each sidecar too, as Envoy has, which the zone is told; one open file each',
    fallback: true,
  }),
  rampPerSecond: whole({
    env: 'ZONELAB_RAMP_PER_SECOND',
    doc: 'Sidecars started per second',
    fallback: 200,
    min: 1,
    max: 100_000,
  }),
  proxiesPerConnection: whole({
    env: 'ZONELAB_PROXIES_PER_CONNECTION',
    doc: 'Sidecars that share one connection; 1 is what real ones do',
    fallback: 1,
    min: 1,
    max: 10_000,
  }),
  seed: whole({
    env: 'ZONELAB_SEED',
    doc: 'Seed of behaviours and jitter; 0: another one each time',
    fallback: 0,
    min: 0,
    max: 4_294_967_295,
  }),
  ...PROCESS_SETTINGS,
} as const

export type DataplaneConfig = SettingsOf<typeof DATAPLANE_SETTINGS>

/** Throws `invalid-argument` that names every faulty setting. */
export function readDataplaneConfig(sources: SettingSources): ReadSettings<typeof DATAPLANE_SETTINGS> {
  return readSettings(DATAPLANE_SETTINGS, sources)
}
