import { expect, test } from 'vitest'
import { Input } from '../../../src/cli/command.js'
import { targetAgain } from '../../../src/cli/conformance/again.js'
import { commandFor } from '../../../src/conformance/command-for.js'

test('the command that judges one case again names the profile and the target, and no secret', () => {
  const flags = {
    target: '127.0.0.1:5685',
    ca: "my ca's.crt",
    'user-token-file': 'admin.jwt',
    'allow-target': ['a:1', 'b:2'],
    strict: true,
    report: 'out',
    case: ['ZT-0'],
  }
  expect(commandFor('ZT-030', ['user-token'], targetAgain(new Input([], flags)))).toBe(
    "zonelab conformance run --profile user-token --case ZT-030 --target 127.0.0.1:5685 --ca 'my ca'\\''s.crt' " +
      '--user-token-file admin.jwt --allow-target a:1 --allow-target b:2 --strict',
  )
})

test('the profile that a run has anyway is not named', () => {
  expect(commandFor('ZT-030', ['zone-jwt'])).toBe('zonelab conformance run --case ZT-030')
})
