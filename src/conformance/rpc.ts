/** The six RPCs that a zone calls (kds.md §1.1); whatever holds for one has to hold for each. */
export const RPCS = [
  'GlobalToZoneSync',
  'ZoneToGlobalSync',
  'StreamXDSConfigs',
  'StreamStats',
  'StreamClusters',
  'HealthCheck',
] as const
export type Rpc = (typeof RPCS)[number]
