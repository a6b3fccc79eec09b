import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { readProfiles } from '../profiles.ts'
import type { Program } from '../program.ts'

/** What bash-completion would bring, for machines that do not have it. */
const WITHOUT_BASH_COMPLETION = `type _get_comp_words_by_ref > /dev/null 2>&1 || _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
}
`

/** `intent-bus completion bash|zsh|fish`. */
export function completeWithTab(program: Program): void {
  const completion = tab(program as unknown as Command, { completionCommandName: 'completion' })
  program.commands
    .find(command => command.name() === 'completion')
    ?.description('Prints what makes a shell complete this command: bash, zsh, fish or powershell.')
    .summary('teach your shell to complete')
    .hook('preAction', (_program, command) => {
      if (command.args[0] === 'bash') process.stdout.write(WITHOUT_BASH_COMPLETION)
    })
  const profile = completion.options.get('profile')
  if (profile !== undefined) {
    profile.handler = complete => {
      for (const [name, { url }] of Object.entries(readProfiles(process.env).profiles)) complete(name, url)
    }
  }
}
