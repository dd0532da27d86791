import { createCa, createServerCertificate } from '../../transport/tls.js'
import { KDS_HEADER } from '../../wire/metadata.js'
import type { Field } from '../call-draft.js'
import type { Case } from '../case.js'
import { call, OK, rowsOf, U } from './row.js'

/** auth.md §4.12: the connection below the token. */
const row = rowsOf('tls')
const RAW = ['wire', 'raw-http2'] as const
const RELOADED_WITHIN_MS = 15_000

export const TLS: readonly Case[] = [
  row.scenario(
    215,
    'plaintext on a TLS port is hung up on',
    { basis: 'kuma', norm: 'Kuma TLS default', needs: RAW },
    async (stage) => {
      const draft = await stage.bench.legalCall()
      const exchange = await stage.callFrom({ trust: { kind: 'plaintext' } }, 'HealthCheck', draft)
      stage.expect('plaintext', exchange, ['CONNECTION', 'TIMEOUT'])
    },
  ),
  row.scenario(
    217,
    'tokens without TLS are warned of at start',
    { basis: 'ours', norm: 'RFC 6750 §5.3', needs: ['operator'] },
    async (stage) => {
      const { instance } = await stage.instance({ tls: false })
      const log = await instance.log()
      stage.check('the log warns', /without TLS/i.test(log), 'no line says that tokens arrive without TLS')
    },
  ),
  row.scenario(
    218,
    'TLS below 1.2 is refused',
    { basis: 'kuma', norm: 'Kuma TLS minimum', needs: RAW },
    async (stage) => {
      const draft = await stage.bench.legalCall()
      const old = { versions: { min: 'TLSv1', max: 'TLSv1.1' } } as const
      stage.expect('TLS 1.1', await stage.callFrom(old, 'HealthCheck', draft), ['CONNECTION'])
      const current = { versions: { min: 'TLSv1.2', max: 'TLSv1.2' } } as const
      stage.expect('TLS 1.2', await stage.callFrom(current, 'HealthCheck', draft), OK)
    },
  ),
  row.scenario(
    221,
    'a client certificate is no credential',
    { basis: 'kuma', norm: 'no mTLS in KDS', needs: RAW },
    async (stage) => {
      const nowMs = stage.bench.nowS * 1_000
      const clientCertificate = createServerCertificate({ ca: createCa({ name: 'stranger', nowMs }), nowMs })
      const nobody = { fields: stage.bench.fields(undefined) }
      stage.expect('without a token', await stage.callFrom({ clientCertificate }, 'HealthCheck', nobody), U)
      const legal = await stage.bench.legalCall()
      stage.expect('with a token', await stage.callFrom({ clientCertificate }, 'HealthCheck', legal), OK)
    },
  ),
  row.scenario(
    222,
    'without HTTP/2 in common no call is made',
    { basis: 'ours', norm: 'RFC 9113 §3.2', needs: RAW },
    async (stage) => {
      const draft = await stage.bench.legalCall()
      stage.expect('ALPN http/1.1', await stage.callFrom({ alpn: ['http/1.1'] }, 'HealthCheck', draft), ['CONNECTION'])
      stage.expect('ALPN h2', await stage.call('HealthCheck', draft), OK)
    },
  ),
  row.scenario(
    223,
    'a certificate that is replaced on disk is served to new connections, and streams survive',
    { basis: 'kuma', norm: 'Kuma certificate watcher', needs: ['operator'] },
    async (stage) => {
      const { bench, call, open, instance, certificate } = await stage.instance({})
      const stream = await open('GlobalToZoneSync', await bench.legalCall())
      stage.expect('before', stream.exchange, OK)
      const before = await certificate()
      await instance.replaceCertificate()
      const changed = await stage.until(RELOADED_WITHIN_MS, async () => (await certificate()) !== before)
      stage.check('new connections see the new one', changed, `still ${before}`)
      stage.expect('a call on it', await call('HealthCheck', await bench.legalCall()), OK)
      stage.check('the stream survives', stream.alive, stream.exchange.text)
    },
  ),
  row.calls(224, 'forwarded headers are no credential', { basis: 'ours', norm: 'kumahq/kuma localhost rule' }, [
    call('x-forwarded-for loopback', U, (bench): readonly Field[] => [
      ...bench.fields(undefined),
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-client-cert', `By=spiffe://zonelab;URI=spiffe://zonelab/${bench.zone}`],
      ['x-forwarded-user', 'mesh-system:admin'],
    ]),
    call('forwarded', U, (bench): readonly Field[] => [
      ...bench.fields(undefined),
      ['forwarded', 'for=127.0.0.1;host=localhost;proto=https'],
      [`x-${KDS_HEADER.clientId}`, bench.zone],
    ]),
  ]),
]
