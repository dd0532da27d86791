import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/model/json.js'
import type { ResourceType } from '../../../../src/model/registry.js'
import { envoyResourceJson } from '../../../../src/wire/envoy-codec.js'
import { SnapshotBuilder } from '../../../../src/zone/snapshot/build.js'
import type { Snapshot } from '../../../../src/zone/snapshot/composition.js'
import { Dependents } from '../../../../src/zone/snapshot/dependents.js'
import { MeshContext } from '../../../../src/zone/snapshot/mesh-context.js'
import { ResourceCache } from '../../../../src/zone/snapshot/resource-cache.js'
import type { WorkloadIdentity } from '../../../../src/zone/snapshot/tls.js'
import { stored } from '../../../support/stored-resource.js'

/**
 * Each `NAME.input.json` is a mesh as one zone sees it and the dataplane asked for; `NAME.output.json` is what that
 * sidecar is to be served. `UPDATE_GOLDEN=1` writes the outputs anew (then `npm run format`); read the difference
 * before committing it.
 */
const FOLDER = 'test/fixtures/snapshot'
const UPDATE = process.env.UPDATE_GOLDEN === '1'

interface Input {
  readonly zone: string
  readonly dataplane: string
  readonly identity?: WorkloadIdentity
  readonly resources: readonly {
    readonly type: ResourceType
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly spec: Json
    readonly status?: Json
  }[]
}

interface Served extends Snapshot {
  readonly dependencies: ReadonlySet<string>
}

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.input.json'))
  .map((file) => file.replace('.input.json', ''))

test('there are golden pairs', () => {
  expect(names.length).toBeGreaterThan(0)
})

test.each(names)('%s is served as its golden output says', (name) => {
  const input = JSON.parse(readFileSync(join(FOLDER, `${name}.input.json`), 'utf8')) as Input
  const output = join(FOLDER, `${name}.output.json`)
  const served = readable(snapshotOf(input))
  if (UPDATE) writeFileSync(output, JSON.stringify(served))
  expect(served).toEqual(JSON.parse(readFileSync(output, 'utf8')))
})

function snapshotOf({ zone, dataplane, identity, resources }: Input): Served {
  const context = new MeshContext({ mesh: 'default', zone, ...(identity && { identityOf: () => identity }) })
  const all = resources.map(({ type, name, ...parts }) => stored(type, name, parts))
  for (const resource of all) context.change(undefined, resource)
  const asked = all.find(({ type, name }) => type === 'Dataplane' && name === dataplane)
  if (asked === undefined) throw new Error(`the input has no dataplane ${dataplane}`)
  const options = { context, cache: new ResourceCache(), dependents: new Dependents(), onStale: () => {} }
  const builder = new SnapshotBuilder(options)
  return { ...builder.build(asked), dependencies: builder.dependencies }
}

function readable({ clusters, endpoints, listeners, secrets, dependencies, notes }: Served): JsonObject {
  const json = (resources: Snapshot['clusters']) =>
    Object.fromEntries([...resources].map(([name, one]) => [name, envoyResourceJson(one)]))
  return {
    clusters: json(clusters),
    endpoints: json(endpoints),
    listeners: json(listeners),
    secrets: json(secrets),
    // Every part hangs on what policies say of its dataplane.
    dependencies: [...dependencies].filter((key) => !/^(to|rules)\//.test(key)).sort(),
    notes: notes as unknown as Json,
  }
}
