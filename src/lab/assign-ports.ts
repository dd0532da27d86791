import { componentsOf, globalsOf } from './components.js'
import type { LabSpec } from './lab-spec.js'
import type { LabPorts } from './lab-state.js'
import { chooseGlobalPorts, type IsPortFree, PORT_FLAGS, PortAllocator } from './ports.js'
import { portSettingsOf } from './settings.js'

export interface AssignedPorts {
  readonly ports: LabPorts
  /** What the user should be told: whose usual port is taken. */
  readonly notices: readonly string[]
}

/**
 * A port for every listener of the lab whose directory is given. Those that the lab had stay while they are free, since
 * peers may have written them down; those of `others`, the user's other labs, stay theirs even while they do not run.
 * Throws `port-taken`.
 */
export async function assignPorts(
  dir: string,
  spec: LabSpec,
  kept: LabPorts,
  others: readonly LabPorts[],
  isFree?: IsPortFree,
): Promise<AssignedPorts> {
  const reserved = [kept, ...others].flatMap((lab) => Object.values(lab).flatMap((ports) => Object.values(ports)))
  const allocator = new PortAllocator({ host: spec.listen, place: dir, reserved, ...(isFree && { isFree }) })
  const ports: Record<string, Record<string, number>> = {}
  const notices: string[] = []
  const [first] = globalsOf(spec)
  for (const component of componentsOf(spec)) {
    const had = kept[component.key] ?? {}
    // Kuma's ports are for the first; the others have free ones.
    if (component.key === first?.key) {
      const asked = spec.global.kind === 'own' ? spec.global.ports : {}
      const choice = await chooseGlobalPorts(allocator, { asked, kept: had })
      ports[component.key] = { ...choice.ports }
      for (const { name, usual, chosen } of choice.replaced) {
        notices.push(`port ${usual} is taken; ${PORT_FLAGS[name].slice(2)} is ${chosen} instead`)
      }
    } else {
      const own: Record<string, number> = {}
      for (const setting of portSettingsOf(component, spec)) {
        const kept = had[setting]
        own[setting] = kept !== undefined && (await allocator.take(kept)) ? kept : await allocator.next()
      }
      ports[component.key] = own
    }
  }
  return { ports, notices }
}
