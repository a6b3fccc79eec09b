import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readPage } from '../../../docs/pages.ts'
import { BusProcess } from '../../../service/test/support/bus-process.ts'
import { root } from '../../../service/test/support/root.ts'
import { venvWith } from './venv.ts'

const page = readPage('python.md')
const venv = await venvWith('2.1.2')
const reason = 'reason' in venv ? venv.reason : null

/** Every `python` block is a program, with its name in the first line. */
const programs = [...page.matchAll(/^```python\n(# (\w+\.py)\n.*?)^```$/gms)]
const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(match => match[1]!).join('\n')

test('every program of docs/python.md is run by one of its commands', () => {
  expect(programs.length).toBe(page.match(/^```python$/gm)!.length)
  for (const [, , name] of programs) expect(commands).toContain(`python3 ${name}`)
})

test.skipIf(reason !== null)(
  `the programs of docs/python.md work as they stand there${reason === null ? '' : ` (skipped: ${reason})`}`,
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bus-python-docs-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    // The reader is in a clone, in which npx finds the command.
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
    const bus = new BusProcess(dir, { PORT: '0', BUS_REQUIRE_SIGNATURES: 'true' })
    onTestFinished(() => bus.kill())
    const here = `localhost:${await bus.ready()}`

    for (const [, text, name] of programs) {
      writeFileSync(join(dir, name!), text!.replaceAll('localhost:8080', here))
    }
    const path = `${'bin' in venv ? venv.bin : ''}:${process.env['PATH']}`
    const { stdout } = await promisify(execFile)(
      'sh',
      // What a block leaves running must not outlive a script that fails.
      ['-euc', `trap 'kill \${WORKER_PID:-} 2> /dev/null || :' EXIT\n${commands}`],
      // A proxy that the machine is set up for must not stand between Python and this machine.
      {
        cwd: dir,
        env: { PATH: path, NO_PROXY: 'localhost', HOME: dir, npm_config_offline: 'true' },
        timeout: 60_000,
      },
    )
    const lines = stdout.split('\n').filter(line => !line.startsWith('Requirement already satisfied'))
    expect(lines).toEqual([
      "fulfilled {'file': 'cat.png', 'width': 64}",
      'dead no file in the payload',
      'True',
      expect.stringMatching(/^idempotency_conflict: Key reused with different payload/),
      '3 epochs',
      "{'version': 2}",
      expect.stringMatching(/ID: [0-9a-f]{32} \| Status: published$/),
      expect.stringMatching(/claiming .* ID: [0-9a-f]{32}$/),
      '',
      expect.stringMatching(/^─+$/),
      '{',
      '  "name": "Ada"',
      '}',
      expect.stringMatching(/^─+$/),
      '',
      expect.stringMatching(/fulfilled .* ID: [0-9a-f]{32}$/),
      '',
    ])
  },
)
