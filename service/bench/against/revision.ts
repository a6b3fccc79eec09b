import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Lays the files of a commit out in a directory, with the packages that its lockfile names.
 *
 * @param revision whatever git takes for a commit: a hash, a tag, `HEAD~3`
 * @returns its `launch.js`
 * @throws when git does not know it, or its packages cannot be installed
 */
export function checkOut(revision: string, directory: string): string {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: HERE, encoding: 'utf8' }).trim()
  const commit = git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`)
  mkdirSync(directory, { recursive: true })
  const archive = join(directory, 'commit.tar')
  git('archive', '--format=tar', `--output=${archive}`, commit)
  execFileSync('tar', ['-xf', archive, '-C', directory])
  if (sameFile(directory, 'package-lock.json')) {
    // The same packages: both sides then load the very same files.
    symlinkSync(join(HERE, 'node_modules'), join(directory, 'node_modules'))
  } else {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: directory, stdio: ['ignore', 2, 2] })
  }
  return join(directory, 'service', 'launch.js')
}

const sameFile = (directory: string, name: string): boolean =>
  readFileSync(join(directory, name), 'utf8') === readFileSync(join(HERE, name), 'utf8')
