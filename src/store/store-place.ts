/** The settings of a control plane that say where its resources are. */
export interface StoreSettings {
  readonly store: string
  readonly storeType: 'own' | 'memory' | 'postgres'
  readonly postgresHost: string
  readonly postgresPort: number
  readonly postgresUser: string
  readonly postgresPassword: string
  readonly postgresDbName: string
  readonly postgresTlsMode: 'disable' | 'verifyNone' | 'verifyCa' | 'verifyFull'
  readonly postgresTlsCaPath: string
}

const SSL_MODES = {
  disable: 'disable',
  verifyNone: 'no-verify',
  verifyCa: 'verify-ca',
  verifyFull: 'verify-full',
} as const

/** `memory`, the path of a SQLite file, or a Postgres URL with its password. */
export function storePlace(settings: StoreSettings): string {
  switch (settings.storeType) {
    case 'memory':
      return 'memory'
    case 'postgres':
      return kumaUrl(settings)
    case 'own':
      return isPostgresUrl(settings.store) ? withPassword(settings.store, settings.postgresPassword) : settings.store
  }
}

/** What peers are told in `config.store.type`: Kuma knows memory and postgres, and any text is printed as it is. */
export function storeType(where: string): 'memory' | 'sqlite' | 'postgres' {
  if (isPostgresUrl(where)) return 'postgres'
  return where === 'memory' ? 'memory' : 'sqlite'
}

export function isPostgresUrl(where: string): boolean {
  return /^postgres(ql)?:\/\//.test(where)
}

/** A URL that has a password keeps it. */
export function withPassword(url: string, password: string): string {
  if (password === '') return url
  return url.replace(/^(postgres(?:ql)?:\/\/[^:@/]+)@/, `$1:${encodeURIComponent(password)}@`)
}

/** The password of a URL, and the URL without it. */
export function splitPassword(url: string): { readonly url: string; readonly password: string | undefined } {
  const [, before, password, after] = /^(postgres(?:ql)?:\/\/[^:@/]*):([^@/]*)(@.*)$/.exec(url) ?? []
  if (before === undefined || password === undefined) return { url, password: undefined }
  return { url: `${before}${after}`, password: decodeURIComponent(password) }
}

function kumaUrl(settings: StoreSettings): string {
  const { postgresUser, postgresPassword, postgresHost, postgresPort, postgresDbName, postgresTlsMode } = settings
  const query = new URLSearchParams({ sslmode: SSL_MODES[postgresTlsMode] })
  if (settings.postgresTlsCaPath !== '') query.set('sslrootcert', settings.postgresTlsCaPath)
  const user = encodeURIComponent(postgresUser)
  const place = `${postgresHost}:${postgresPort}/${encodeURIComponent(postgresDbName)}?${query}`
  return withPassword(`postgres://${user}@${place}`, postgresPassword)
}
