import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed } from './installed.ts'

/** The tests that every script for bash has to pass. @param scripts their paths in the folder; those in no subfolder are started */
export function bashReads(folder: string, scripts: readonly string[]): void {
  test.each(scripts)('bash reads %s without a fault', name => {
    expect(spawnSync('bash', ['-n', join(folder, name)], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    })
  })

  const shellcheck = installed('shellcheck')
  test.skipIf(shellcheck === undefined)(
    `shellcheck has nothing to say${shellcheck === undefined ? ' (skipped: shellcheck is not installed)' : ''}`,
    () => {
      // What they source is read with them.
      const started = scripts.filter(name => !name.includes('/')).map(name => join(folder, name))
      const { stdout, status } = spawnSync(shellcheck!, ['-x', '-P', 'SCRIPTDIR', ...started], {
        encoding: 'utf8',
      })
      expect(stdout).toBe('')
      expect(status).toBe(0)
    },
  )
}
