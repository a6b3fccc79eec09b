import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { readProfiles } from '../profiles.ts'
import type { Program } from '../program.ts'

/** What bash-completion would bring, for machines that do not have it. */
const WITHOUT_BASH_COMPLETION = `type _get_comp_words_by_ref > /dev/null 2>&1 || _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
}
`

/** Options that take the name of a file. */
const TAKE_A_FILE = ['batch', 'key-file', 'admin-token-file', 'db']

/** What is in the directory of what is typed so far. A directory ends with a slash: there is more to come. */
function completeFile(complete: (value: string, description: string) => void): void {
  const typed = (process.argv.at(-1) ?? '').replace(/^--[\w-]+=/, '')
  const dir = typed.endsWith('/') ? typed : dirname(typed)
  const prefix = typed.endsWith('/') ? typed : typed.includes('/') ? join(dir, '/') : ''
  try {
    for (const entry of readdirSync(dir === '' ? '.' : dir, { withFileTypes: true }))
      complete(`${prefix}${entry.name}${entry.isDirectory() ? '/' : ''}`, '')
  } catch {
    // Nothing that can be read is nothing to complete.
  }
}

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
  const all = [completion, ...completion.commands.values()]
  for (const { options } of all) {
    for (const name of TAKE_A_FILE) {
      const option = options.get(name)
      if (option !== undefined) option.handler = completeFile
    }
  }
  const profile = completion.options.get('profile')
  if (profile !== undefined) {
    profile.handler = complete => {
      for (const [name, { url }] of Object.entries(readProfiles(process.env).profiles)) complete(name, url)
    }
  }
}
