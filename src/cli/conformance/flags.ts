import { CP_ID_HEADER } from '../../auth/zone-call.js'
import { LEVELS, PROFILES } from '../../conformance/matrix.js'
import { ALLOW_TARGET_FLAG, type Flag, TENANT_FLAG } from '../command.js'

export const SELECTION_FLAGS: readonly Flag[] = [
  { name: 'profile', value: 'PROFILE', doc: 'What is judged', fallback: 'zone-jwt', words: PROFILES, repeatable: true },
  { name: 'case', value: 'ID', doc: 'Only this case, or those of an area, or whose id begins so', repeatable: true },
  { name: 'level', value: 'LEVEL', doc: 'Only cases of this level', words: LEVELS, repeatable: true },
  { name: 'safe', doc: 'Only cases that leave nothing' },
  { name: 'intrusive', doc: 'Also cases that change keys, revocations or sessions of the target, or are heavy' },
]

export const BEHAVIOURS = ['zonelab', 'open-stream=parity', 'open-stream=strict'] as const

export const BEHAVIOUR_FLAGS: readonly Flag[] = [
  { name: 'behaviour', value: 'WORD', doc: 'What the target declares', words: BEHAVIOURS, repeatable: true },
  { name: 'strict', doc: 'Short for --behaviour zonelab: rows marked Δ pass on our answer alone' },
]

export const TARGET_FLAGS: readonly Flag[] = [
  { name: 'lab', value: 'NAME', doc: 'This lab, as the profile has it: its global, its platform, or a zone' },
  TENANT_FLAG,
  { name: 'zone', value: 'ZONE', doc: "Zone of the lab, for `dataplane-token`; else the lab's first" },
  {
    name: 'target',
    value: 'ADDR',
    doc: 'KDS of a global, or xDS of a zone, as host:port, or grpc://host:port for plaintext',
  },
  { name: 'ca', value: 'FILE', doc: 'Authority of its certificate; else those of the system' },
  { name: 'api', value: 'URL', doc: 'Its REST API' },
  { name: 'bootstrap', value: 'URL', doc: 'Where a zone answers `POST /bootstrap`; else on its port of xDS' },
  { name: 'api-ca', value: 'FILE', doc: "Authority of the API's certificate; else those of the system" },
  { name: 'user-token-file', value: 'FILE', doc: 'Token of an admin of the API' },
  {
    name: 'platform',
    value: 'URL',
    doc: 'Its platform; --user-token-file is then a token of an organisation admin there',
  },
  { name: 'platform-ca', value: 'FILE', doc: "Authority of the platform's certificate; else those of the system" },
  { name: 'other-user-token-file', value: 'FILE', doc: 'The same of another organisation' },
  { name: 'region', value: 'REGION', doc: 'Region of the platform', fallback: 'us' },
  { name: 'token-file', value: 'FILE', doc: 'A legal zone token, where none can be issued' },
  { name: 'signing-key', value: 'FILE', doc: 'Private key of zone tokens as PEM' },
  { name: 'kid', value: 'KID', doc: 'Its key id', fallback: '1' },
  { name: 'cp-id', value: 'ID', doc: 'Control plane to select' },
  { name: 'cp-id-header', value: 'NAME', doc: 'Metadata that selects it', fallback: CP_ID_HEADER },
  ALLOW_TARGET_FLAG,
  { name: 'zone-is-mine', doc: 'Act as the zone of --token-file although it may be online' },
]
