import type { Command } from './command.js'

type Script = (commands: readonly Command[]) => string

/** What can follow each typed prefix of words: the next word of a command, or its flags once it is whole. */
function candidates(commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const next = new Map<string, Set<string>>()
  const add = (prefix: string, word: string) => {
    const words = next.get(prefix) ?? new Set()
    next.set(prefix, words.add(word))
  }
  for (const { name, flags = [] } of commands) {
    const words = name.split(' ')
    for (const [index, word] of words.entries()) add(words.slice(0, index).join(' '), word)
    for (const flag of flags) add(name, `--${flag.name}`)
    add(name, '--help')
  }
  return new Map([...next].map(([prefix, words]) => [prefix, [...words]]))
}

/** The longest known prefix of what is typed decides; flags and names in between do not matter. */
const bash: Script = (commands) => {
  const cases = [...candidates(commands)]
    .map(([prefix, words]) => `    ${prefix === '' ? "''" : `'${prefix}'`}) words='${words.join(' ')}' ;;`)
    .join('\n')
  return `_zonelab() {
  local words='' prefix='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${prefix:+$prefix }$word" in
${[...candidates(commands).keys()]
  .filter((prefix) => prefix !== '')
  .map((prefix) => `      '${prefix}') prefix='${prefix}' ;;`)
  .join('\n')}
    esac
  done
  case "$prefix" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _zonelab zonelab`
}

const zsh: Script = (commands) => `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`

const fish: Script = (commands) => {
  const lines = commands.flatMap(({ name, summary, flags = [] }) => {
    const words = name.split(' ')
    const last = words.pop() ?? name
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`)
    const condition = seen.length === 0 ? '__fish_use_subcommand' : seen.join('; and ')
    const whole = [...seen, `__fish_seen_subcommand_from ${last}`].join('; and ')
    return [
      `complete -c zonelab -f -n '${condition}' -a ${last} -d '${quoted(summary)}'`,
      ...flags.map(
        ({ name: flag, short, doc }) =>
          `complete -c zonelab -n '${whole}' -l ${flag}${short ? ` -s ${short}` : ''} -d '${quoted(doc)}'`,
      ),
    ]
  })
  return lines.join('\n')
}

function quoted(text: string): string {
  return text.replaceAll("'", "\\'")
}

export const COMPLETIONS: Readonly<Record<string, Script>> = { bash, zsh, fish }
