import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'

/** How a client knows its server: by a CA (PEM text; undefined: the system's), not at all, or without TLS. */
export type ClientTrust =
  | { readonly kind: 'ca'; readonly caPem: string | undefined }
  | { readonly kind: 'skip-verify' }
  | { readonly kind: 'plaintext' }

export interface Endpoint {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** Dials. A name of several addresses is tried at each of them (Node's `autoSelectFamily`). */
export type Dial = (endpoint: Endpoint) => Socket

/** Throws what Node throws of a CA that is none. */
export function dialerOf(trust: ClientTrust): Dial {
  if (trust.kind === 'plaintext') return (endpoint) => connectPlain(endpoint)
  const secureContext = contextFor(trust.kind === 'ca' ? trust.caPem : undefined)
  return ({ host, port }) =>
    connectTls({
      host,
      port,
      secureContext,
      rejectUnauthorized: trust.kind === 'ca',
      ALPNProtocols: ['h2'],
      // TLS has no server name for an address (RFC 6066 §3); the certificate is checked for it all the same.
      ...(isIP(host) === 0 && { servername: host }),
    })
}

/** By authority: a process has few of them and may have thousands of connections, each of which would read its certificates anew. */
const contexts = new Map<string | undefined, SecureContext>()

function contextFor(caPem: string | undefined): SecureContext {
  const context = contexts.get(caPem) ?? createSecureContext(caPem === undefined ? {} : { ca: caPem })
  contexts.set(caPem, context)
  return context
}
