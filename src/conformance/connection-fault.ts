/** Where a connection was to go, as the one who asked for it names it. */
export interface Dialled {
  /** Flag of the authority that its certificate is checked with. */
  readonly caFlag: '--ca' | '--api-ca' | '--platform-ca'
  /** What to type where it turns out to be without TLS. */
  readonly plaintext: string
}

/** What OpenSSL and sockets say of a connection that did not come about, in terms of what to do about it. */
export function connectionFault(message: string, { caFlag, plaintext }: Dialled): string {
  const said = withoutOpenSsl(message)
  const [, words] = EXPLAINED.find(([pattern]) => pattern.test(message)) ?? []
  if (words !== undefined) return `${words} (${said})`
  if (/wrong version number|packet length too long|EPROTO/i.test(message)) {
    return `it does not speak TLS (${said}); if it is plaintext, say ${plaintext}`
  }
  if (/self.signed|unable to (?:verify|get)|UNABLE_TO|CERT_/i.test(message)) {
    return `its certificate is not of this authority (${said}); give the right one with ${caFlag}`
  }
  return said
}

const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nothing listens there; is it the right port?'],
  [/ENOTFOUND|EAI_AGAIN/, 'there is no such host'],
  [/no handshake within/, 'it takes connections and does not answer a TLS handshake; is it hung, or not TLS?'],
  [/no connection within/, 'no connection comes about: a firewall, or a host that is off'],
  [/socket hang up|Parse Error/, 'it does not speak HTTP as asked; is it https?'],
  [/has expired/i, 'its certificate has expired'],
  [/ALTNAME|does not match/i, 'its certificate is for another name'],
  [/ALPN|no application protocol/i, 'it speaks TLS but no HTTP/2, as a web server; is it the right port?'],
]

/** Node hands on OpenSSL's own line: thread, library, function and source file around the few words that tell something. */
function withoutOpenSsl(message: string): string {
  const line = /[0-9A-F]{8,}:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):[^\n]*\n?\s*/
  return message
    .replace(line, '$1')
    .replace(/; if the root CA is installed locally.*$/s, '')
    .trim()
}
