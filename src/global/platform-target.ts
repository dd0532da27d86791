import { readFileSync } from 'node:fs'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { readTokenFile } from '../auth/token-file.js'
import { AppError } from '../base/errors.js'
import { request as httpRequest } from '../base/node-http.js'

/** Where the platform serves this global's shard, and as whom this global asks. */
export interface PlatformTarget {
  /** `https://host:port/internal/shards/SHARD`. */
  readonly url: string
  /** PEM; empty: the system's. */
  readonly caFile: string
  readonly tokenFile: string
}

/** Throws `invalid-argument` when it cannot be used. */
export function checkPlatformTarget({ url, tokenFile }: PlatformTarget): void {
  if (!/^https?:\/\/[^/]+\/\S+$/.test(url)) {
    throw new AppError(
      'invalid-argument',
      `the address of the platform's shard must be https://HOST:PORT/internal/shards/SHARD, not ${JSON.stringify(url)}`,
    )
  }
  if (tokenFile === '') throw new AppError('invalid-argument', 'mode sat needs the token of the shard, in a file')
}

/** One request, not yet ended. The token and the CA are read for each, so that they can be rotated. Throws as their reading. */
export function askPlatform(
  { url, caFile, tokenFile }: PlatformTarget,
  method: 'GET' | 'POST',
  path: string,
  onResponse: (response: IncomingMessage) => void,
): ClientRequest {
  const headers = {
    authorization: `Bearer ${readTokenFile(tokenFile, 'the token of the shard')}`,
    ...(method === 'POST' && { 'content-type': 'application/json' }),
  }
  // A connection of its own: the feed holds one for as long as it lives.
  const options = { method, headers, agent: false as const }
  if (url.startsWith('http:')) return httpRequest(`${url}${path}`, options, onResponse)
  const ca = caFile === '' ? {} : { ca: readFileSync(caFile, 'utf8') }
  return httpsRequest(`${url}${path}`, { ...options, ...ca }, onResponse)
}
