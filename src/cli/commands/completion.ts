import { AppError } from '../../base/errors.js'
import type { Command } from '../command.js'
import { COMPLETIONS } from '../completion-scripts.js'
import { EXIT } from '../exit-codes.js'

/** Made from the table of all commands, which it is itself in: hence a function. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    group: 'Other',
    summary: 'A script that completes commands and flags',
    args: [{ name: 'shell', doc: 'bash, zsh or fish', required: true }],
    examples: [
      'source <(zonelab completion bash)',
      'zonelab completion fish > ~/.config/fish/completions/zonelab.fish',
    ],
    async run(context, input) {
      const [shell = ''] = input.args
      const script = COMPLETIONS[shell]
      if (!script)
        throw new AppError('invalid-argument', `there is no completion for "${shell}"; use bash, zsh or fish`)
      context.io.out(script(commands()))
      return EXIT.ok
    },
  }
}
