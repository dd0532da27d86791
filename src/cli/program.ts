import { basename, relative } from 'node:path'
import { CommanderError, Option, Command as Parser } from 'commander'
import { systemClock } from '../base/clock.js'
import { systemRandom } from '../base/random.js'
import { COMMAND_GROUPS, type Command, type Context, type Flag, Input } from './command.js'
import { COMMANDS } from './command-table.js'
import { reportError } from './error-report.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { processIo } from './io.js'
import { holdProcess, interruption } from './own-process.js'

/** Runs one command line; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const { env } = process
  const io = processIo(env)
  const signal = interruption()
  const context: Context = { io, clock: systemClock, random: systemRandom, env, program: howToRunAgain(env), signal }
  const release = holdProcess()
  try {
    let exitCode: number = EXIT.ok
    const parser = makeParser(async (command, input) => {
      exitCode = (await command.run(context, input)) ?? EXIT.ok
    })
    await parser.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (thrown) {
    // Help and version are no errors, and what the parser refuses it has said itself.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (context.signal.aborted) return context.signal.reason as number
    return exitCodeOf(reportError(io, thrown, env).code)
  } finally {
    release()
  }
}

/** By npm's scripts and npx, by its own name, or by its file. */
function howToRunAgain(env: NodeJS.ProcessEnv): string {
  const file = process.argv[1] ?? 'zonelab'
  if (env.npm_command !== undefined) return 'npx zonelab'
  return basename(file) === 'zonelab' ? 'zonelab' : `node ${relative(process.cwd(), file)}`
}

type Run = (command: Command, input: Input) => Promise<void>

function makeParser(run: Run): Parser {
  const program = new Parser('zonelab')
    .description('A lab for the control plane of a multi-zone service mesh, indistinguishable from Kuma on the wire')
    .exitOverride()
    // So that `logs audit --lab X` gives the flag to `audit`; each command on the way has to say so.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureHelp({ sortOptions: false })
    .addHelpText('after', '\nStart with:\n  zonelab up --zones 3 --dataplanes 10\n')
  for (const group of COMMAND_GROUPS) {
    for (const command of COMMANDS.filter((candidate) => candidate.group === group)) addCommand(program, command, run)
  }
  return program
}

function addCommand(program: Parser, command: Command, run: Run): void {
  const words = command.name.split(' ')
  const last = words.pop() ?? command.name
  const parent = words.reduce((parser, word) => subcommand(parser, word, command), program)
  const parser = parent
    .command(last)
    .description(command.summary)
    .exitOverride()
    .enablePositionalOptions()
    .helpGroup(`${command.group}:`)
  for (const { name, doc, required, variadic } of command.args ?? []) {
    const shape = `${name}${variadic ? '...' : ''}`
    parser.argument(required ? `<${shape}>` : `[${shape}]`, doc)
  }
  for (const flag of command.flags ?? []) parser.addOption(optionOf(flag))
  const details = command.details === undefined ? '' : `\n${command.details}\n`
  parser.addHelpText('after', `${details}\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`)
  parser.action(async () => {
    const flags = Object.fromEntries(
      (command.flags ?? []).map(({ name }) => [
        name,
        parser.getOptionValue(camel(name)) as string | boolean | undefined,
      ]),
    )
    await run(command, new Input(parser.args, flags))
  })
}

/** `inspect`, `token`: a word that only holds others. */
function subcommand(parent: Parser, word: string, first: Command): Parser {
  const there = parent.commands.find((candidate) => candidate.name() === word)
  if (there) return there
  const names = COMMANDS.filter(({ name }) => name.startsWith(`${word} `)).map(({ name }) =>
    name.slice(word.length + 1),
  )
  return parent
    .command(word)
    .description(names.join(', '))
    .exitOverride()
    .showSuggestionAfterError()
    .helpGroup(`${first.group}:`)
}

function optionOf({ name, short, value, doc, fallback, words, repeatable }: Flag): Option {
  const long = value === undefined ? `--${name}` : `--${name} <${value}>`
  const notes = [words?.join('|'), fallback === undefined ? undefined : `default ${fallback}`]
    .filter(Boolean)
    .join('; ')
  const option = new Option(short ? `-${short}, ${long}` : long, notes === '' ? doc : `${doc} (${notes})`)
  if (repeatable) option.argParser((text: string, all: string[] | undefined) => [...(all ?? []), text])
  return option
}

function camel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_dash, letter: string) => letter.toUpperCase())
}
