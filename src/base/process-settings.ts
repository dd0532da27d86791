import { flag, oneOf, port, text } from './settings.js'

/** Settings that every process has. */
export const PROCESS_SETTINGS = {
  diagnosticsToken: text({
    env: 'ZONELAB_DIAGNOSTICS_TOKEN',
    doc: 'Bearer token of the event stream; empty: the stream is off',
    fallback: '',
    secret: true,
  }),
  logLevel: oneOf({
    env: 'ZONELAB_LOG_LEVEL',
    doc: 'Least level that is logged',
    words: ['debug', 'info', 'warn', 'error', 'silent'],
    fallback: 'info',
  }),
} as const

/** Settings that a global and a zone share: Kuma's API server, diagnostics and certificates. */
export const CONTROL_PLANE_SETTINGS = {
  listen: text({ env: 'ZONELAB_LISTEN', doc: 'Address that every listener binds', fallback: '127.0.0.1' }),
  apiHttpPort: port({ env: 'KUMA_API_SERVER_HTTP_PORT', doc: 'REST API over HTTP', fallback: 5681 }),
  apiHttpsPort: port({ env: 'KUMA_API_SERVER_HTTPS_PORT', doc: 'REST API over HTTPS', fallback: 5682 }),
  diagnosticsPort: port({
    env: 'KUMA_DIAGNOSTICS_SERVER_PORT',
    doc: 'Readiness, metrics and the event stream',
    fallback: 5680,
  }),
  tlsCertFile: text({
    env: 'KUMA_GENERAL_TLS_CERT_FILE',
    doc: 'Certificate of every TLS listener; empty: made at start',
    fallback: '',
  }),
  tlsKeyFile: text({ env: 'KUMA_GENERAL_TLS_KEY_FILE', doc: 'Its key', fallback: '' }),
  cpIdHeader: text({
    env: 'ZONELAB_CP_ID_HEADER',
    doc: 'Metadata header that selects the control plane',
    fallback: 'x-konnect-cp-id',
  }),
  localhostIsAdmin: flag({
    env: 'KUMA_API_SERVER_AUTHN_LOCALHOST_IS_ADMIN',
    doc: 'Requests from this machine are the admin',
    fallback: true,
  }),
  adminTokenFile: text({
    env: 'ZONELAB_ADMIN_TOKEN_FILE',
    doc: 'File (0600) to which the admin token is written at start; empty: none',
    fallback: '',
  }),
  store: text({ env: 'ZONELAB_STORE', doc: '`memory`, or the path of a SQLite file', fallback: 'memory' }),
  ...PROCESS_SETTINGS,
} as const
