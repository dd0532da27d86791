import { flag, oneOf, port, text, whole, withoutPassword } from './settings.js'

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

/** Where a process keeps what it has: `store`, or Kuma's own names for a Postgres database. */
export const STORE_SETTINGS = {
  store: text({
    env: 'ZONELAB_STORE',
    doc: '`memory`, the path of a SQLite file, or `postgres://user@host:port/database`',
    fallback: 'memory',
    show: withoutPassword,
  }),
  storeType: oneOf({
    env: 'KUMA_STORE_TYPE',
    doc: "`own`: what `store` says. Kuma's words otherwise; `postgres` is the database that the settings below name",
    words: ['own', 'memory', 'postgres'],
    fallback: 'own',
  }),
  postgresHost: text({ env: 'KUMA_STORE_POSTGRES_HOST', doc: 'Host of the database', fallback: '127.0.0.1' }),
  postgresPort: port({ env: 'KUMA_STORE_POSTGRES_PORT', doc: 'Its port', fallback: 15_432 }),
  postgresUser: text({
    env: 'KUMA_STORE_POSTGRES_USER',
    doc: 'Role of this process; it must not own the tables',
    fallback: 'kuma',
  }),
  postgresPassword: text({
    env: 'KUMA_STORE_POSTGRES_PASSWORD',
    doc: 'Its password, also of a `store` URL that has none',
    fallback: '',
    secret: true,
  }),
  postgresDbName: text({ env: 'KUMA_STORE_POSTGRES_DB_NAME', doc: 'Name of the database', fallback: 'kuma' }),
  postgresTlsMode: oneOf({
    env: 'KUMA_STORE_POSTGRES_TLS_MODE',
    doc: 'TLS to the database',
    words: ['disable', 'verifyNone', 'verifyCa', 'verifyFull'],
    fallback: 'disable',
  }),
  postgresTlsCaPath: text({ env: 'KUMA_STORE_POSTGRES_TLS_CA_PATH', doc: 'CA of the database', fallback: '' }),
  postgresMaxOpenConnections: whole({
    env: 'KUMA_STORE_POSTGRES_MAX_OPEN_CONNECTIONS',
    doc: 'Connections for reads and writes; one more hears notifications and holds leadership',
    fallback: 10,
    min: 1,
    max: 1_000,
  }),
} as const

/** What a process serves TLS with, and whether it may do without where others can read. */
export const TLS_SETTINGS = {
  tlsCertFile: text({
    env: 'KUMA_GENERAL_TLS_CERT_FILE',
    doc: 'Certificate of every TLS listener; empty: made at start',
    fallback: '',
  }),
  tlsKeyFile: text({ env: 'KUMA_GENERAL_TLS_KEY_FILE', doc: 'Its key', fallback: '' }),
  insecure: flag({
    env: 'ZONELAB_INSECURE',
    doc: 'Let tokens travel without TLS, where others may read them',
    fallback: false,
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
  ...TLS_SETTINGS,
  ...STORE_SETTINGS,
  ...PROCESS_SETTINGS,
} as const
