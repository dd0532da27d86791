import { type ChannelOptions, logVerbosity, setLogVerbosity } from '@grpc/grpc-js'

/** Kuma's `maxMsgSize`, both ways and on both sides; grpc-js alone would refuse what is over 4 MiB. */
export const MESSAGE_BYTES_MAX = 10 * 1024 * 1024

export function messageOptions(bytesMax: number): ChannelOptions {
  return {
    'grpc.max_receive_message_length': bytesMax,
    'grpc.max_send_message_length': bytesMax,
  }
}

// grpc-js logs the whole value of a header that is not ASCII, which may be a token (`metadata.ts`, fromHttp2Headers).
// Whatever else it would say reaches us as a status.
setLogVerbosity(logVerbosity.NONE)
