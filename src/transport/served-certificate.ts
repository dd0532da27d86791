import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { watchCertificate } from './certificate-watch.js'
import { createCa, createServerCertificate } from './tls.js'
import type { KeyPairPem } from './x509.js'

export interface ServedCertificateOptions {
  /** Both empty: a pair is made, signed by a CA that is forgotten at once, so that clients must skip verification. */
  readonly certFile: string
  readonly keyFile: string
  readonly hosts: readonly string[]
  readonly clock: Clock
  readonly log: Logger
}

/** A listener that goes on serving while its certificate changes. */
export interface TlsListener {
  /** New connections are served with it; those that stand go on. Without effect on a listener without TLS. */
  replaceCertificate(pair: KeyPairPem): void
}

/** The certificate that all listeners of a process serve with, also when it is renewed on disk. */
export class ServedCertificate implements Component {
  readonly name = 'certificate'
  readonly #options: ServedCertificateOptions
  readonly #listeners: TlsListener[] = []
  #pair: KeyPairPem
  #unwatch: () => void = () => {}

  /** Throws `invalid-argument` naming the file that cannot be read. */
  constructor(options: ServedCertificateOptions) {
    this.#options = options
    this.#pair = readPair(options)
  }

  get pair(): KeyPairPem {
    return this.#pair
  }

  /** The listener began with `pair` and is told of each that follows it. */
  servedBy(listener: TlsListener): void {
    this.#listeners.push(listener)
  }

  async start(): Promise<void> {
    const { certFile } = this.#options
    if (certFile === '') return
    const read = () => readPair(this.#options)
    const onChange = (pair: KeyPairPem) => {
      this.#pair = pair
      for (const listener of this.#listeners) listener.replaceCertificate(pair)
    }
    this.#unwatch = watchCertificate({ ...this.#options, read, onChange })
  }

  async stop(): Promise<void> {
    this.#unwatch()
  }
}

function readPair({ certFile, keyFile, hosts, clock }: ServedCertificateOptions): KeyPairPem {
  const nowMs = clock.nowMs()
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
