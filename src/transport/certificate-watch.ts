import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { KeyPairPem } from './x509.js'

export interface CertificateWatchOptions {
  readonly certFile: string
  readonly keyFile: string
  readonly read: () => KeyPairPem
  readonly onChange: (pair: KeyPairPem) => void
  readonly clock: Clock
  readonly log: Logger
}

/** Certificate and key are two files: both are written by then. */
const SETTLED_AFTER_MS = 200

/**
 * Follows a certificate that is renewed on disk, as Kuma does. A pair that does not fit is told and the old one stays. Their
 * directories are watched, because whoever renews a file often puts another one in its place. Returns what ends it.
 */
export function watchCertificate(options: CertificateWatchOptions): () => void {
  const { certFile, keyFile, clock } = options
  let pending: Cancel = () => {}
  const names = new Set([basename(certFile), basename(keyFile)])
  const changed = (_event: string, name: string | null) => {
    if (name !== null && !names.has(name)) return
    pending()
    pending = clock.after(SETTLED_AFTER_MS, () => reload(options))
  }
  const folders = new Set([dirname(certFile), dirname(keyFile)])
  const watchers: FSWatcher[] = []
  try {
    for (const folder of folders) watchers.push(watch(folder, { persistent: false }, changed))
  } catch (thrown) {
    // The system has no watch left to give: serving matters more than following.
    options.log.warn('the certificate on disk is not followed', { file: certFile, error: AppError.from(thrown) })
  }
  return () => {
    pending()
    for (const watcher of watchers) watcher.close()
  }
}

function reload({ certFile, read, onChange, log }: CertificateWatchOptions): void {
  try {
    const pair = read()
    createSecureContext({ cert: pair.certPem, key: pair.keyPem })
    onChange(pair)
    log.info('the certificate was replaced', { file: certFile })
  } catch (thrown) {
    log.warn('the certificate on disk is not usable; the old one stays', {
      file: certFile,
      error: AppError.from(thrown),
    })
  }
}
