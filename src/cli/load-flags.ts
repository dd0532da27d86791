import { ALLOW_TARGET_FLAG, type Flag } from './command.js'

/** Flags that take the place of what a scenario says. */
const SCENARIO_FLAGS: readonly Flag[] = [
  { name: 'file', short: 'f', value: 'FILE', doc: 'Scenario file, instead of the name of a ready one' },
  { name: 'tenants', value: 'N', doc: 'Control planes' },
  { name: 'zones', value: 'N', doc: 'Zones per control plane' },
  { name: 'dataplanes', value: 'N', doc: 'Sidecars per zone' },
  {
    name: 'tier',
    value: 'TIER',
    doc: 'light: KDS alone; full: whole zones with sidecars',
    words: ['light', 'full', 'auto'],
  },
  { name: 'writes', value: 'RATE', doc: 'Writes a second' },
  { name: 'duration', value: 'TIME', doc: 'How long the load lasts' },
  { name: 'quiet-tail', value: 'TIME', doc: 'How long the silence after it lasts' },
  { name: 'seed', value: 'N', doc: 'Another load of the same kind' },
  { name: 'threshold', value: 'EXPR', doc: "Instead of the scenario's: METRIC:AGG OP VALUE", repeatable: true },
]

/** Flags that say what is put under load. */
export const TARGET_FLAGS: readonly Flag[] = [
  { name: 'lab', value: 'NAME', doc: 'A running lab; with neither this nor --target a throw-away one is made' },
  { name: 'target', value: 'ADDR', doc: 'Any global: `grpcs://host:port` or `grpc://host:port`' },
  { name: 'ca', value: 'FILE', doc: 'CA of the target, for KDS and API' },
  { name: 'api', value: 'URL', doc: "The target's REST API; without it the run writes nothing" },
  { name: 'user-token-file', value: 'FILE', doc: 'User token for the API' },
  { name: 'zone-token-dir', value: 'DIR', doc: 'Zone tokens, in files `ZONE` or `ZONE.jwt`' },
  { name: 'signing-key', value: 'FILE', doc: 'Private key to sign zone tokens with' },
  { name: 'kid', value: 'KID', doc: 'Number of that key' },
  { name: 'cp-id', value: 'ID', doc: 'Control plane at the target' },
  { name: 'scrape', value: 'URL', doc: "The target's Prometheus metrics" },
  ALLOW_TARGET_FLAG,
]

/** Of every command that runs a scenario. */
export const RUN_FLAGS: readonly Flag[] = [
  ...SCENARIO_FLAGS,
  ...TARGET_FLAGS,
  {
    name: 'resources',
    value: 'PATH',
    doc: 'Policies of an export, a file or directory, that are there before the first zone',
  },
  { name: 'workers', value: 'N', doc: 'Processes of simulated zones', fallback: 'one less than there are cores' },
  {
    name: 'report',
    value: 'DIR',
    doc: 'Write reports and the raw run file: DIR, or html=F,json=F,md=F,junit=F,text=F',
  },
  { name: 'raw', value: 'FILE', doc: 'Write the raw run file, line by line as the run goes' },
  {
    name: 'run',
    value: 'NAME',
    doc: 'Name of the run, when its zones have to be known before',
    fallback: 'a random one',
  },
  { name: 'dry-run', doc: 'Print the plan and stop' },
]

/** A change between two runs that makes a comparison fail. */
export const FAIL_ON_FLAG: Flag = {
  name: 'fail-on',
  value: 'EXPR',
  doc: 'Fail on a change: METRIC:AGG>+N% or METRIC:AGG<-N%',
  repeatable: true,
}

/** Of a run that is made twice, with an upgrade between. */
export const UPGRADE_FLAGS: readonly Flag[] = [
  { name: 'upgrade-command', value: 'CMD', doc: 'Run it after the run, then run again and compare the two' },
  { name: 'upgrade-timeout', value: 'TIME', doc: 'How long the target may be away after it', fallback: '5m' },
  FAIL_ON_FLAG,
  { name: 'force', doc: 'Upgrade and compare although the generator was the bottleneck' },
]

/** What can grow in `load find-limit`. */
export const KNOBS = ['zones', 'writes', 'dataplanes'] as const
export type Knob = (typeof KNOBS)[number]
