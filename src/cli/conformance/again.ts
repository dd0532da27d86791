import type { Input } from '../command.js'
import { BEHAVIOUR_FLAGS, TARGET_FLAGS } from './flags.js'

const OTHERS = [{ name: 'controller', value: 'FILE' }, { name: 'intrusive' }]

/** What to type to judge the same target again: names of files, never what is in them. */
export function targetAgain(input: Input): readonly string[] {
  return [...TARGET_FLAGS, ...BEHAVIOUR_FLAGS, ...OTHERS].flatMap(({ name, value }) => {
    if (value === undefined) return input.switch(name) ? [`--${name}`] : []
    return input.texts(name).map((text) => `--${name} ${quoted(text)}`)
  })
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
