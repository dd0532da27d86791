import { connect } from 'node:tls'

/** The certificate that a TLS listener on loopback presents, as PEM: self-signed, so its own root. */
export function certificateOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] },
      () => {
        const { raw } = socket.getPeerCertificate()
        socket.destroy()
        resolve(`-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`)
      },
    )
    socket.on('error', reject)
  })
}
