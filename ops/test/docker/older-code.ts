/** The bus as it was before the newest migration of its database, from the history of this clone. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../../service/test/support/root.ts'

const MIGRATIONS = 'service/store/sqlite/migrations'
/** What makes an image of a clone that is older than its Dockerfile. */
const IMAGE_FILES = ['Dockerfile', '.dockerignore', 'ops/image']

const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

/** The commit before the one that brought the newest migration. @returns or why it cannot be told */
function commitBefore(): { commit: string } | { reason: string } {
  try {
    if (git('rev-parse', '--is-shallow-repository') === 'true') return { reason: 'the clone is shallow' }
    const brought = git('log', '--diff-filter=A', '--format=%H', '-1', '--', MIGRATIONS)
    return { commit: git('rev-parse', `${brought}~1`) }
  } catch (error) {
    return { reason: `git does not tell: ${(error as Error).message.split('\n')[0]}` }
  }
}

export const olderCode = commitBefore()

/** @returns a folder with that code, to be built and removed */
export function checkOut(commit: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bus-older-'))
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 28 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  if (!existsSync(join(folder, 'Dockerfile'))) {
    for (const path of IMAGE_FILES) cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  return folder
}
