import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { COMMAND, emptyDir, start } from './support/run.ts'

const run = promisify(execFile)

/** What a shell asks for when its user presses the tab key. */
async function candidates(...words: string[]): Promise<string[]> {
  const cwd = emptyDir()
  writeFileSync(join(cwd, 'config.json'), JSON.stringify({ profiles: { attic: { url: 'http://attic' } } }))
  const { out } = await start(['complete', '--', ...words], {
    cwd,
    env: { INTENT_BUS_CONFIG: join(cwd, 'config.json') },
  }).ended
  return out
    .trim()
    .split('\n')
    .slice(0, -1)
    .map(line => line.split('\t')[0]!)
}

test('commands, subcommands, options and profiles are completed', async () => {
  expect(await candidates('pub')).toEqual(['publish'])
  expect(await candidates('dead', '')).toEqual(expect.arrayContaining(['list', 'show', 'retry', 'drop']))
  expect(await candidates('publish', '--pri')).toEqual(['--priority'])
  expect(await candidates('--profile', '')).toEqual(['attic'])
})

test('files are completed where an option takes one', async () => {
  const cwd = emptyDir()
  mkdirSync(join(cwd, 'jobs'))
  writeFileSync(join(cwd, 'jobs/mails.jsonl'), '')
  const asked = async (...words: string[]) => (await start(['complete', '--', ...words], { cwd }).ended).out
  expect(await asked('publish', '--batch', 'jo')).toBe('jobs/\t\n:4\n')
  expect(await asked('publish', '--batch', 'jobs/')).toBe('jobs/mails.jsonl\t\n:4\n')
  expect(await asked('profile', 'add', '--key-file', '')).toContain('jobs/')
  expect(await asked('serve', '--db', 'jobs/m')).toContain('jobs/mails.jsonl')
  expect(await asked('publish', '--batch', '/nonexistent/')).toBe(':4\n')
})

test('each candidate is one line: no description breaks the list', async () => {
  for (const name of await candidates('')) expect(name).toMatch(/^[a-z]+$/)
})

test('bash completes the command, in earnest', async () => {
  const dir = emptyDir()
  writeFileSync(join(dir, 'intent-bus'), `#!/bin/sh\nexec "${process.execPath}" "${COMMAND}" "$@"\n`, {
    mode: 0o755,
  })
  const script = `
    source <(intent-bus completion bash)
    COMP_WORDS=(intent-bus wat) COMP_CWORD=1 COMP_LINE="intent-bus wat" COMP_POINT=14
    $(complete -p intent-bus | sed 's/.*-F \\([^ ]*\\).*/\\1/') intent-bus wat intent-bus
    echo "\${COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-c', script], {
    env: { PATH: `${dir}:${process.env['PATH']}`, HOME: dir },
  })
  expect(stdout.trim()).toBe('watch')
})
