import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError } from '../base/errors.js'
import { packageFile } from '../base/program-files.js'
import { parseScenario, type Scenario } from './scenario.js'

/** What ships with zonelab. */
const FOLDER = fileURLToPath(packageFile('examples/load/'))

export function readyNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort()
}

export function readyText(name: string): string {
  if (!readyNames().includes(name)) {
    throw new AppError('invalid-argument', `there is no scenario "${name}"; there are ${readyNames().join(', ')}`)
  }
  return readFileSync(`${FOLDER}${name}.yaml`, 'utf8')
}

export function readyScenario(name: string): Scenario {
  return parseScenario(readyText(name), `${name}.yaml`)
}
