import type { SecretSource } from '../auth/secret-mirror.js'
import { isTokenSecret } from '../auth/token-secrets.js'
import { AppError } from '../base/errors.js'
import type { ApiClient } from '../lab/api-client.js'
import { canonicalJson } from '../model/json.js'
import type { Resource, ResourceKey } from '../model/resource.js'

/** A secret as the REST API shows it to admins. */
interface SecretItem {
  readonly name: string
  readonly mesh?: string
  readonly data?: string
}

/** Secrets of a control plane, by its API. */
export class SecretAccess {
  readonly #api: ApiClient

  constructor(api: ApiClient) {
    this.#api = api
  }

  /** The text of its data; undefined when there is none. */
  async read(key: ResourceKey): Promise<string | undefined> {
    try {
      const { data = '' } = await this.#api.get<SecretItem>(pathOf(key))
      return Buffer.from(data, 'base64').toString('utf8')
    } catch (thrown) {
      if (AppError.from(thrown).code === 'not-found') return undefined
      throw thrown
    }
  }

  async write(key: ResourceKey, text: string): Promise<void> {
    const { type, mesh, name } = key
    await this.#api.put(pathOf(key), {
      type,
      name,
      ...(mesh !== undefined && { mesh }),
      data: Buffer.from(text).toString('base64'),
    })
  }

  async delete(key: ResourceKey): Promise<void> {
    await this.#api.delete(pathOf(key))
  }

  async list(type: 'GlobalSecret' | 'Secret', mesh: string | undefined): Promise<readonly Resource[]> {
    const path = mesh === undefined ? '/global-secrets' : `/meshes/${encodeURIComponent(mesh)}/secrets`
    return (await this.#api.list<SecretItem>(path)).map((item) => resourceOf(type, item))
  }

  /** Keys and revocations as they are now, for verifying as the control plane would. */
  source(mesh: string): SecretSource {
    return {
      listAll: async () => ({
        head: { epoch: '', revision: 0 },
        resources: [...(await this.list('GlobalSecret', undefined)), ...(await this.list('Secret', mesh))].filter(
          isTokenSecret,
        ),
      }),
      watch: () => () => {},
    }
  }
}

function pathOf({ mesh, name }: ResourceKey): string {
  const list = mesh === undefined ? '/global-secrets' : `/meshes/${encodeURIComponent(mesh)}/secrets`
  return `${list}/${encodeURIComponent(name)}`
}

function resourceOf(type: 'GlobalSecret' | 'Secret', { name, mesh, data = '' }: SecretItem): Resource {
  return {
    type,
    mesh: type === 'Secret' ? mesh : undefined,
    name,
    labels: {},
    spec: canonicalJson({ data }),
    status: undefined,
    owner: undefined,
    syncedVersion: undefined,
    uid: name,
    version: 1,
    createdAtMs: 0,
    modifiedAtMs: 0,
  }
}
