import { isIP } from 'node:net'
import { checkServerIdentity, createSecureContext, type SecureContext } from 'node:tls'
import { type ChannelCredentials, type ChannelOptions, credentials, type VerifyOptions } from '@grpc/grpc-js'

/** How a client knows its server: by a CA (PEM text; undefined: the system's), not at all, or without TLS. */
export type ClientTrust =
  | { readonly kind: 'ca'; readonly caPem: string | undefined }
  | { readonly kind: 'skip-verify' }
  | { readonly kind: 'plaintext' }

interface ClientSecurity {
  readonly credentials: ChannelCredentials
  readonly options: ChannelOptions
}

/** `target` is `host:port`, with an IPv6 address in brackets. */
export function securityOf(trust: ClientTrust, target: string): ClientSecurity {
  if (trust.kind === 'plaintext') return { credentials: credentials.createInsecure(), options: {} }
  const context = contextFor(trust.kind === 'ca' ? trust.caPem : undefined)
  const host = target.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  const verify: VerifyOptions = { rejectUnauthorized: trust.kind === 'ca' }
  if (isIP(host) === 0) return { credentials: credentials.createFromSecureContext(context, verify), options: {} }
  // TLS has no server name for an address (RFC 6066 §3), and Node warns of grpc-js, which sends it all the same. The
  // certificate is still checked for the address.
  verify.checkServerIdentity = (_name, certificate) => checkServerIdentity(host, certificate)
  const options = { 'grpc.ssl_target_name_override': 'localhost' }
  return { credentials: credentials.createFromSecureContext(context, verify), options }
}

/** By authority: a process has few of them and may have thousands of connections, each of which would read its certificates anew. */
const contexts = new Map<string | undefined, SecureContext>()

function contextFor(caPem: string | undefined): SecureContext {
  const context = contexts.get(caPem) ?? createSecureContext(caPem === undefined ? {} : { ca: caPem })
  contexts.set(caPem, context)
  return context
}
