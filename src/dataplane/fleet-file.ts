import { readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { isJsonObject, type JsonObject } from '../model/json.js'
import { type Behaviour, behaviourNamed, behaviourSchema } from './behaviour.js'

/** A fleet is some thousands of proxies a process; more than this is a slip of the finger. */
const COUNT_MAX = 100_000

const name = z.string().min(1)

const memberSchema = z.strictObject({
  mesh: name,
  name,
  /** The Dataplane as the REST API shows it. Without it the Dataplane must be there already (a zone's own `zone-proxy`). */
  resource: z.record(z.string(), z.json()).optional(),
  behaviour: z.string().default('steady'),
  /** Port of the proxy's own admin interface; 0 is any free one. With `count`, the first of so many. */
  adminPort: z.int().min(0).max(65_535).default(0),
  /** Makes `name-1` to `name-count`, with addresses that follow one another. */
  count: z.int().min(1).max(COUNT_MAX).optional(),
  /** Instead of the process's own token file. */
  tokenFile: z.string().optional(),
})

const fleetSchema = z.strictObject({
  dataplanes: z.array(memberSchema),
  /** Behaviours of this fleet's own, by name; they go before those that zonelab brings. */
  behaviours: z.record(z.string(), behaviourSchema).default({}),
})

/** One proxy to be run. */
export interface FleetMember {
  readonly mesh: string
  readonly name: string
  /** Undefined: the zone has it. */
  readonly resource: JsonObject | undefined
  readonly behaviour: Behaviour
  readonly adminPort: number
  /** Undefined: the process's. */
  readonly tokenFile: string | undefined
}

/** Throws `invalid-argument` that names the file and every fault in it. */
export function readFleetFile(path: string): readonly FleetMember[] {
  if (path === '') throw new AppError('invalid-argument', 'no fleet file is given; it lists the sidecars to be run')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `cannot read the fleet file ${path}`, { cause })
  }
  return parseFleet(text, path)
}

/** `source` is what messages call the text. Throws `invalid-argument` that names every fault. */
export function parseFleet(text: string, source: string): readonly FleetMember[] {
  const read = fleetSchema.safeParse(jsonOf(text, source))
  if (!read.success) {
    const violations = read.error.issues.map(({ path, message }) => ({ field: path.join('.'), reason: message }))
    const lines = violations.map(({ field, reason }) => `${field}: ${reason}`).join('; ')
    throw new AppError('invalid-argument', `the fleet file ${source} is not usable: ${lines}`, { violations })
  }
  const { dataplanes, behaviours } = read.data
  const members = dataplanes.flatMap((dataplane) => membersOf(dataplane, behaviours))
  const seen = new Set<string>()
  for (const { mesh, name } of members) {
    const id = `${mesh}/${name}`
    if (seen.has(id)) throw new AppError('invalid-argument', `the fleet file ${source} has ${id} twice`)
    seen.add(id)
  }
  return members
}

function jsonOf(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('invalid-argument', `the fleet file ${source} is not JSON`, { cause })
  }
}

type Row = z.output<typeof memberSchema>

function membersOf(row: Row, behaviours: Readonly<Record<string, Behaviour>>): readonly FleetMember[] {
  const behaviour = behaviourNamed(row.behaviour, behaviours)
  const member = (name: string, index: number): FleetMember => ({
    mesh: row.mesh,
    name,
    resource: row.resource && resourceOf(row.resource as JsonObject, row.mesh, name, index),
    behaviour,
    adminPort: row.adminPort === 0 ? 0 : row.adminPort + index,
    tokenFile: row.tokenFile,
  })
  const { count } = row
  if (count === undefined) return [member(row.name, 0)]
  return Array.from({ length: count }, (_, index) => member(`${row.name}-${index + 1}`, index))
}

function resourceOf(resource: JsonObject, mesh: string, name: string, index: number): JsonObject {
  const { networking } = resource
  return {
    ...resource,
    type: 'Dataplane',
    mesh,
    name,
    ...(isJsonObject(networking) && {
      networking: { ...networking, address: addressAfter(networking.address, index) },
    }),
  }
}

/** Two sidecars on one address would be one endpoint. Names and IPv6 addresses are left as they are. */
function addressAfter(address: JsonObject[string], index: number): JsonObject[string] {
  if (typeof address !== 'string' || !isIPv4(address)) return address
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + index
  return [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.')
}
