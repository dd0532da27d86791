import { createHash } from 'node:crypto'
import { isAccessToken } from '../../auth/sat-authenticator.js'
import type { Json } from '../../model/json.js'
import { type Command, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { printObject } from '../output.js'
import { LITERAL_FLAGS, readTokenInput, TOKEN_ARGUMENT } from '../token-input.js'
import { partsOf } from '../token-kinds.js'

export const tokenInspect: Command = {
  name: 'token inspect',
  group: 'Credentials',
  summary: 'What a token says of itself; nothing of it is verified',
  details: 'Of an access token (`spat_…`, `kpat_…`) there is only its digest, under which the platform knows it.',
  args: [TOKEN_ARGUMENT],
  flags: [...LITERAL_FLAGS, { ...OUTPUT_FLAG, fallback: 'yaml', words: ['yaml', 'json'] }],
  examples: ['zonelab token inspect zone-1.jwt', 'zonelab token issue zone zone-1 | zonelab token inspect'],
  async run(context, input) {
    const token = await readTokenInput(context, input)
    const format = input.text('output') === 'json' ? 'json' : 'yaml'
    if (isAccessToken(token)) {
      const sha256 = createHash('sha256').update(token).digest('hex')
      printObject(context.io, format, {
        kind: token.startsWith('kpat_') ? 'personal access token' : 'access token',
        sha256,
      })
      return EXIT.ok
    }
    const parts = partsOf(token)
    if (!parts) {
      context.io.err(
        'this is no JWT: three parts of base64url with dots between, of which the first two are JSON objects',
      )
      return EXIT.error
    }
    const times = ['iat', 'nbf', 'exp'].flatMap((name): readonly (readonly [string, string])[] => {
      const value: Json | undefined = parts.claims[name]
      return typeof value === 'number' && Math.abs(value) < DATE_S_MAX
        ? [[name, new Date(value * 1000).toISOString()] as const]
        : []
    })
    printObject(context.io, format, { verified: false, ...parts, times: Object.fromEntries(times) })
    return EXIT.ok
  },
}

/** The last moment that a Date can hold. */
const DATE_S_MAX = 8.64e12
