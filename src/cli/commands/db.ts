import { resolve } from 'node:path'
import { AppError } from '../../base/errors.js'
import { readLabState } from '../../lab/lab-state.js'
import { databaseOf } from '../../lab/settings.js'
import { type Command, type Context, type Input, LAB_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { pathsOf } from '../lab-access.js'

export const dbMigrateStatus: Command = {
  name: 'db migrate status',
  group: 'Other',
  summary: "Version of a database's schema; it is brought up to date whenever it is opened",
  flags: [{ name: 'db', value: 'FILE', doc: "Database file, instead of the lab's" }, LAB_FLAG],
  examples: ['zonelab db migrate status', 'zonelab db migrate status --db lab.db'],
  async run(context, input) {
    const { databaseStatus } = await import('../../store/sql/database-status.js')
    const { path, version, newest } = databaseStatus(databaseFile(context, input))
    const verdict =
      version === newest
        ? 'up to date'
        : version < newest
          ? 'brought up to date at the next start'
          : 'of a newer zonelab'
    context.io.out(`${path}: version ${version} of ${newest}, ${verdict}`)
    return version > newest ? EXIT.error : EXIT.ok
  },
}

function databaseFile(context: Context, input: Input): string {
  const file = input.text('db')
  if (file !== undefined) return resolve(file)
  const paths = pathsOf(context, input)
  const state = readLabState(paths)
  if (!state) throw new AppError('not-found', `there is no lab "${paths.name}"; name a file with --db`)
  const database = databaseOf(paths, state.spec)
  if (database === 'memory') throw new AppError('invalid-argument', `lab "${paths.name}" keeps its data in memory`)
  return database
}
