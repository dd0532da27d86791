import { AppError } from '../../../src/base/errors.js'
import { KDS_STREAMS } from '../../../src/global/sessions.js'
import type { Duplex } from '../../../src/protocol/duplex.js'
import { GrpcClient } from '../../../src/transport/grpc/client.js'
import { KDS } from '../../../src/wire/kds-service.js'

/**
 * What each RPC of KDS answers zone-1 of a control plane, in one word. A stream that is let in says nothing: it is so if
 * several calls after it were answered.
 */
export async function rpcAnswers(
  target: string,
  token: string | undefined,
  controlPlane: string,
): Promise<Readonly<Record<string, string>>> {
  const headers = () => ({
    'client-id': ['zone-1'],
    'x-konnect-cp-id': [controlPlane],
    ...(token !== undefined && { authorization: [token] }),
  })
  const client = new GrpcClient({ target, trust: { kind: 'plaintext' }, headers })
  const check = () => client.unary(KDS.HealthCheck, undefined, 30_000).then(() => 'OK', codeOf)
  try {
    const answers: Record<string, string> = { HealthCheck: await check() }
    for (const rpc of KDS_STREAMS) {
      const ended = endOf(client.open<never, never>(KDS[rpc] as never))
      answers[rpc] = answers.HealthCheck === 'OK' ? await Promise.race([ended, after(3, check)]) : await ended
    }
    return answers
  } finally {
    client.close()
  }
}

const codeOf = (thrown: unknown) => AppError.from(thrown).code

async function after(times: number, check: () => Promise<string>): Promise<string> {
  let last = 'OK'
  for (let made = 0; made < times; made += 1) last = await check()
  return last
}

function endOf(stream: Duplex<never, never>): Promise<string> {
  return new Promise((resolve) =>
    stream.open({
      onMessage: () => {},
      onWritable: () => {},
      onEnd: (reason) => resolve('code' in reason ? reason.code : reason.kind),
    }),
  )
}
