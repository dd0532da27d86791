import type { ApiClient } from '../../lab/api-client.js'
import { controlPlaneId, operatorClient } from '../../lab/lab-clients.js'
import { type Command, LAB_FLAG, OUTPUT_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { openLab } from '../lab-access.js'
import { printList } from '../output.js'
import type { Column } from '../table.js'

/** One entry of the platform's audit. */
interface Entry {
  readonly atMs: number
  readonly organization: string
  readonly actor: { readonly kind: string; readonly name: string }
  readonly action: string
  readonly object: string
  readonly result: string
  readonly reason?: string
  readonly requestId?: string
}

export const logsAudit: Command = {
  name: 'logs audit',
  group: 'Seeing',
  summary: 'Who issued, revoked, provisioned, changed or read what at the platform, and which zones were refused',
  flags: [TENANT_FLAG, LAB_FLAG, { ...OUTPUT_FLAG, words: ['table', 'wide', 'json', 'yaml'] }],
  examples: ['zonelab logs audit', 'zonelab logs audit --tenant team-a -o json'],
  async run(context, input) {
    const { view } = await openLab(context, input)
    const tenant = input.text('tenant')
    const about = tenant === undefined ? undefined : controlPlaneId(view, tenant)
    const items = await allEntries(operatorClient(view, context.clock), about)
    const name = ({ action, object }: Entry) => `${action} ${object}`
    printList(context.io, input.output(), { items, columns: COLUMNS, name, none: 'nothing was done yet' })
    return EXIT.ok
  },
}

interface Page {
  readonly items: readonly Entry[]
  readonly meta: { readonly page: { readonly next?: string } }
}

async function allEntries(platform: ApiClient, controlPlane: string | undefined): Promise<Entry[]> {
  const entries: Entry[] = []
  const query = new URLSearchParams(controlPlane === undefined ? {} : { controlPlane })
  while (true) {
    const { items, meta } = await platform.get<Page>(`/audit?${query}`)
    entries.push(...items)
    if (meta.page.next === undefined) return entries
    query.set('page[after]', meta.page.next)
  }
}

const COLUMNS: readonly Column<Entry>[] = [
  { header: 'WHEN', value: ({ atMs }) => new Date(atMs).toISOString() },
  { header: 'WHO', value: ({ actor }) => `${actor.kind} ${actor.name}` },
  { header: 'ACTION', value: ({ action }) => action },
  { header: 'WHAT', value: ({ object }) => object },
  { header: 'RESULT', value: ({ result, reason }) => (reason === undefined ? result : `${result}: ${reason}`) },
  { header: 'REQUEST', value: ({ requestId = '' }) => requestId, wide: true },
]
