import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from '../../clients/shell/test/shell-worker.ts'
import { root } from '../../service/test/support/root.ts'

// A release that was unpacked is no clone.
test.skipIf(!existsSync(join(root, '.git')))(
  'a clone by somebody whose git makes CRLF of line breaks has scripts that run',
  () => {
    const clone = join(folder(), 'clone')
    const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' })
    git('-c', 'safe.directory=*', 'clone', '-q', '--shared', '-c', 'core.autocrlf=true', root, clone)
    const files = git('-C', clone, '-c', 'safe.directory=*', 'ls-files', '--eol').trimEnd().split('\n')
    expect(files.length).toBeGreaterThan(500)
    expect(files.filter(line => /w\/(crlf|mixed)/.test(line))).toEqual([])
    for (const script of ['clients/shell/worker.sh', 'clients/shell/webhook.sh', 'ops/termux/bootstrap.sh']) {
      const { status, stdout } = spawnSync('bash', [join(clone, script), '--help'], {
        encoding: 'utf8',
      })
      expect({ script, status }).toEqual({ script, status: 0 })
      expect(stdout).not.toContain('\r')
    }
    expect(git('-C', clone, 'status', '--porcelain')).toBe('')
  },
)
