import { COMMAND_GROUPS, type Command, type Flag } from '../../src/cli/command.js'

const INTRODUCTION = `Exit codes: 0 ok, 1 error, 2 usage, 3 unreachable or timed out, 4 refused for safety, 130 and 143 interrupted.
Results go to standard output, everything else to standard error. \`NO_COLOR\` is heeded.`

/** The text of docs/cli.md below its title: every command of the table. */
export function cliText(commands: readonly Command[]): string {
  const sections = COMMAND_GROUPS.map((group) => {
    const own = commands.filter((command) => command.group === group)
    return `## ${group}\n\n${own.map(commandSection).join('\n\n')}`
  })
  return [INTRODUCTION, ...sections].join('\n\n')
}

function commandSection(command: Command): string {
  const { name, group, summary, details, args = [], flags = [], examples } = command
  const words = args.map(({ name: word, required, variadic }) => {
    const shape = `${word.toUpperCase()}${variadic ? '…' : ''}`
    return required ? shape : `[${shape}]`
  })
  const usage = ['zonelab', name, ...words, ...(flags.length > 0 ? ['[flags]'] : [])].join(' ')
  const parts = [
    `### ${name}`,
    `${summary}.`,
    ...(details === undefined ? [] : [`\`\`\`text\n${details}\n\`\`\``]),
    `\`\`\`sh\n${[usage, ...examples].join('\n')}\n\`\`\``,
    ...(group === 'Single processes' ? ['Its flags are in [settings.md](settings.md).'] : []),
    ...(args.length + flags.length === 0 || group === 'Single processes' ? [] : [rows(command)]),
  ]
  return parts.join('\n\n')
}

function rows({ args = [], flags = [] }: Command): string {
  const lines = [
    ...args.map(({ name, doc }) => `| \`${name.toUpperCase()}\` | ${escaped(doc)} | |`),
    ...flags.map((flag) => `| \`${shapeOf(flag)}\` | ${escaped(docOf(flag))} | ${escaped(flag.fallback ?? '')} |`),
  ]
  return ['| | what | default |', '| --- | --- | --- |', ...lines].join('\n')
}

function shapeOf({ name, short, value }: Flag): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`
  return short === undefined ? long : `-${short}, ${long}`
}

function docOf({ doc, words, repeatable }: Flag): string {
  const notes = [...(words ? [words.join(', ')] : []), ...(repeatable ? ['may be repeated'] : [])]
  return notes.length === 0 ? doc : `${doc} (${notes.join('; ')})`
}

/** A bar ends a cell. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|')
}
