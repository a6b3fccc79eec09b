/** What a shell worker is called when nothing says so. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder, ShellWorker } from './shell-worker.ts'
import { toolbox } from './shells.ts'

async function nameWhere(programs: Record<string, string>): Promise<string> {
  const PATH = toolbox(join(folder(), 'bin'), { without: ['uname'] })
  for (const [name, prints] of Object.entries(programs)) {
    writeFileSync(join(PATH, name), `#!/bin/sh\nprintf '%s\\n' '${prints}'\n`)
    chmodSync(join(PATH, name), 0o755)
  }
  const env = { PATH, BUS_API_KEY: 'k', BUS_URL: 'http://127.0.0.1:1' }
  const worker = new ShellWorker(['sh'], 'worker.sh', ['--once', '--', 'true'], env)
  expect(await worker.exited).toBe(3)
  return /, as (.*); Ctrl-C/.exec(worker.errors)![1]!
}

test('a worker has the name of its host, in the letters and the length that the bus takes', async () => {
  expect(await nameWhere({ uname: 'barn.example' })).toBe('barn.example')
  expect(await nameWhere({ uname: 'Ada+s host' })).toBe('Ada-s-host')
  expect(await nameWhere({ uname: 'a'.repeat(80) })).toBe('a'.repeat(64))
})

test('a phone, whose host is always localhost, has the name of its model', async () => {
  expect(await nameWhere({ uname: 'localhost', getprop: 'SM-G960F (8)' })).toBe('SM-G960F--8-')
  expect(await nameWhere({ uname: 'localhost' })).toBe('localhost')
})
