import { itemPath, listPath } from '../../lab/resource-paths.js'
import { LABEL } from '../../model/labels.js'
import { descriptorOf, type ResourceType } from '../../model/registry.js'
import {
  type Command,
  type Context,
  type Input,
  LAB_FLAG,
  MESH_FLAG,
  OUTPUT_FLAG,
  TENANT_FLAG,
  ZONE_FLAG,
} from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, openLab } from '../lab-access.js'
import { printList, printObject } from '../output.js'
import { age } from '../quantities.js'
import type { Column } from '../table.js'
import { parseType } from '../type-names.js'

/** A resource as Kuma's API shows it. */
interface Item {
  readonly type: string
  readonly mesh?: string
  readonly name: string
  readonly modificationTime?: string
  readonly labels?: Readonly<Record<string, string>>
}

export const get: Command = {
  name: 'get',
  group: 'Resources',
  summary: 'Show resources of a type',
  args: [
    { name: 'type', doc: 'MeshTimeout, meshtimeouts or mt', required: true },
    { name: 'name', doc: 'These only', variadic: true },
  ],
  flags: [
    { ...MESH_FLAG, doc: 'Mesh of the resources; without names, all meshes by default' },
    ZONE_FLAG,
    TENANT_FLAG,
    LAB_FLAG,
    OUTPUT_FLAG,
  ],
  examples: [
    'zonelab get meshes',
    'zonelab get meshtimeouts -o wide',
    'zonelab get dataplane frontend-1 --zone zone-1 -o yaml',
  ],
  async run(context, input) {
    const [typeText = '', ...names] = input.args
    const type = parseType(typeText)
    const format = input.output()
    const items = await fetchItems(type, names, context, input)
    const [only] = items
    if (names.length === 1 && only && (format === 'json' || format === 'yaml')) {
      printObject(context.io, format, only)
      return EXIT.ok
    }
    printList(context.io, format, {
      items,
      columns: columns(type, context),
      name: ({ name }) => name,
      none: `there are no ${descriptorOf(type).displayPlural}`,
    })
    return EXIT.ok
  },
}

async function fetchItems(
  type: ResourceType,
  names: readonly string[],
  context: Context,
  input: Input,
): Promise<readonly Item[]> {
  const api = apiOf(await openLab(context, input), context, input)
  const mesh = descriptorOf(type).scope === 'mesh' ? input.text('mesh') : undefined
  if (names.length === 0) return api.list<Item>(listPath(type, mesh))
  return Promise.all(names.map((name) => api.get<Item>(itemPath(type, mesh ?? 'default', name))))
}

function columns(type: ResourceType, { clock }: Context): Column<Item>[] {
  const label = (key: string) => (item: Item) => item.labels?.[key] ?? ''
  return [
    ...(descriptorOf(type).scope === 'mesh' ? [{ header: 'MESH', value: ({ mesh }: Item) => mesh ?? '' }] : []),
    { header: 'NAME', value: ({ name }) => name },
    { header: 'ZONE', value: label(LABEL.zone) },
    { header: 'ORIGIN', value: label(LABEL.origin), wide: true },
    { header: 'DISPLAY NAME', value: label(LABEL.displayName), wide: true },
    {
      header: 'AGE',
      value: ({ modificationTime }) =>
        modificationTime === undefined ? '' : age(clock.nowMs() - Date.parse(modificationTime)),
    },
  ]
}
