/** The release before, as its users have it: its sources from the history of this clone, with the packages of its own lockfile. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../../service/test/support/root.ts'
import type { Release } from '../../release/releases.ts'

const CACHE = join(
  process.env['INTENT_BUS_TEST_CACHE'] ?? join(homedir(), '.cache/intent-bus-test'),
  'releases',
)

/**
 * Kept outside of the clone, by its commit: the first time it takes an `npm ci` of what runs, some 30 s.
 *
 * @returns its folder
 * @throws when this clone lacks the commit, and says what brings it
 */
export function treeOf({ version, commit }: Release): string {
  const tree = join(CACHE, commit)
  if (existsSync(tree)) return tree
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'making-'))
  try {
    execFileSync('tar', ['-x', '-C', made], { input: archiveOf(version, commit) })
    // Deploying it takes Pulumi, which is most of what an install brings, and is not asked here.
    rmSync(join(made, 'infra'), { recursive: true, force: true })
    execFileSync(
      'npm',
      ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'],
      {
        cwd: made,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    renameSync(made, tree)
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    throw error
  }
  return tree
}

function archiveOf(version: string, commit: string): Buffer {
  try {
    return execFileSync('git', ['archive', commit], {
      cwd: root,
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (cause) {
    const shallow = 'in a shallow one, git fetch --unshallow brings it'
    throw new Error(`this clone lacks ${commit}, the commit of ${version}; ${shallow}`, { cause })
  }
}
