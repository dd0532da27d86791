import { CLAIM_FAULTS } from './claim-faults.js'
import { CREDENTIAL_FAULTS } from './credential-faults.js'
import { DOOR_FAULTS } from './door-faults.js'
import { EFFECT_FAULTS } from './effect-faults.js'
import type { Fault } from './fault.js'
import { FORM_FAULTS } from './form-faults.js'
import { IDENTITY_FAULTS } from './identity-faults.js'
import { ALGORITHM_FAULTS, KEY_FAULTS } from './key-faults.js'
import { PLATFORM_FAULTS } from './platform-faults.js'
import { TENANT_FAULTS } from './tenant-faults.js'

/** Every planted fault, in the order of the matrix. docs/conformance-faults.md is made from these. */
export const FAULTS: readonly Fault[] = [
  ...CREDENTIAL_FAULTS,
  ...ALGORITHM_FAULTS,
  ...KEY_FAULTS,
  ...FORM_FAULTS,
  ...CLAIM_FAULTS,
  ...IDENTITY_FAULTS,
  ...TENANT_FAULTS,
  ...PLATFORM_FAULTS,
  ...EFFECT_FAULTS,
  ...DOOR_FAULTS,
]
