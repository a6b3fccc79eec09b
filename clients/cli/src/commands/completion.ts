import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { readProfiles } from '../profiles.ts'
import type { Program } from '../program.ts'

/** `intent-bus completion bash|zsh|fish`. */
export function completeWithTab(program: Program): void {
  const completion = tab(program as unknown as Command, { completionCommandName: 'completion' })
  program.commands
    .find(command => command.name() === 'completion')
    ?.description('Prints what makes a shell complete this command: bash, zsh, fish or powershell.')
    .summary('teach your shell to complete')
  const profile = completion.options.get('profile')
  if (profile !== undefined) {
    profile.handler = complete => {
      for (const [name, { url }] of Object.entries(readProfiles(process.env).profiles)) complete(name, url)
    }
  }
}
