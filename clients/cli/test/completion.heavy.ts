/** Needs zsh and fish; a test of a shell that is not there is skipped, and says so. */
import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { COMMAND, emptyDir } from './support/run.ts'

const run = promisify(execFile)

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0'])
    return true
  } catch {
    return false
  }
}

function place() {
  const dir = emptyDir()
  writeFileSync(join(dir, 'intent-bus'), `#!/bin/sh\nexec "${process.execPath}" "${COMMAND}" "$@"\n`, {
    mode: 0o755,
  })
  return { cwd: dir, env: { PATH: `${dir}:${process.env['PATH']}`, HOME: dir, TERM: 'dumb' } }
}

test('fish completes commands and options', async ctx => {
  if (!has('fish')) ctx.skip('fish is not installed')
  const ask = async (line: string) => {
    const { stdout } = await run(
      'fish',
      ['-c', `intent-bus completion fish | source; complete -C '${line}'`],
      place(),
    )
    return stdout
      .trim()
      .split('\n')
      .map(each => each.split('\t')[0])
  }
  expect(await ask('intent-bus wat')).toEqual(['watch'])
  expect(await ask('intent-bus publish --pri')).toEqual(['--priority'])
})

test('zsh takes the script, and has a completion for the command', async ctx => {
  if (!has('zsh')) ctx.skip('zsh is not installed')
  const script =
    'autoload -U compinit; compinit -u; source <(intent-bus completion zsh); print $_comps[intent-bus]'
  const { stdout, stderr } = await run('zsh', ['-f', '-c', script], place())
  expect([stdout.trim(), stderr]).toEqual(['_intent-bus', ''])
})
