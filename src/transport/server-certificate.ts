import { readFileSync } from 'node:fs'
import { AppError } from '../base/errors.js'
import { createCa, createServerCertificate } from './tls.js'
import type { KeyPairPem } from './x509.js'

export interface CertificateFiles {
  /** Both empty: a pair is made, signed by a CA that is forgotten at once, so that clients must skip verification. */
  readonly certFile: string
  readonly keyFile: string
  readonly hosts: readonly string[]
  readonly nowMs: number
}

/** The certificate that a process serves with. Throws `invalid-argument` naming the file that cannot be read. */
export function serverCertificate({ certFile, keyFile, hosts, nowMs }: CertificateFiles): KeyPairPem {
  if (certFile === '' && keyFile === '') {
    const ca = createCa({ name: 'zonelab self-signed', nowMs })
    return createServerCertificate({ ca, nowMs, hosts })
  }
  if (certFile === '' || keyFile === '') {
    throw new AppError('invalid-argument', 'a TLS certificate needs both files: the certificate and its key')
  }
  return { certPem: read(certFile), keyPem: read(keyFile) }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read the TLS file ${file}`, { cause })
  }
}
