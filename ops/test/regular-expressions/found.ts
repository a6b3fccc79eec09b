import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A regular expression in the words of JavaScript, and where it was read. */
export type Found = { place: string; source: string; flags: string }

/** Files of the clone, those that are not committed yet included. */
export function filesOfClone(ending: RegExp): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed.split('\0').filter(name => ending.test(name))
}
