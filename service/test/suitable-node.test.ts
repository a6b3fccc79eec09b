import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from './support/root.ts'

let clone: string
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'bus-clone-'))
  writeFileSync(join(clone, 'package.json'), '{ "type": "module" }')
  for (const file of [
    'service/package.json',
    'service/suitable-node.js',
    'service/launch.js',
    'clients/cli/intent-bus.js',
  ])
    cpSync(join(root, file), join(clone, file))
  // As npm links them.
  mkdirSync(join(clone, 'node_modules/@intent-bus'), { recursive: true })
  symlinkSync('../../service', join(clone, 'node_modules/@intent-bus/service'))
})
afterEach(() => rmSync(clone, { recursive: true, force: true }))

/** Stands for the Node that `npm ci` brings. */
function bring(script: string): void {
  mkdirSync(join(clone, 'node_modules/node/bin'), { recursive: true })
  writeFileSync(join(clone, 'node_modules/node/bin/node'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

const posing = (version: string) => [
  '--import',
  `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${version}"})`,
]
const run = (version: string, ...args: string[]) =>
  spawnSync(process.execPath, [...posing(version), ...args], { cwd: clone, encoding: 'utf8' })

describe.each([
  ['the bus', 'service/launch.js', 1],
  ['the command', 'clients/cli/intent-bus.js', 2],
])('%s', (_what, script, code) => {
  test.each(['12.22.9', '20.20.2', '22.17.1', '23.5.0'])('says of Node %s that it is too old', version => {
    const { status, stderr } = run(version, script)
    expect([status, stderr]).toEqual([
      code,
      `intent-bus: this is Node ${version}; it takes Node 22.18, 23.6 or newer. In the clone, npm ci --include=dev brings one, also where NODE_ENV is production.\n`,
    ])
  })

  test('is run by the Node of the clone then, where there is one', () => {
    bring('echo "$@"; exit 7')
    const { status, stdout } = run('20.20.2', script, 'two words', '--x')
    expect([status, stdout]).toEqual([7, `${join(clone, script)} two words --x\n`])
  })

  test('hands on the signal to stop', async () => {
    // Short sleeps: a shell that is about to wait may miss a signal until the wait is over.
    bring("trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.1; done")
    const child = spawn(process.execPath, [...posing('20.20.2'), script], { cwd: clone })
    let out = ''
    for await (const chunk of child.stdout) {
      out += chunk
      if (out === 'ready\n') child.kill('SIGTERM')
    }
    expect(out).toBe('ready\ntold\n')
    expect(child.exitCode ?? (await new Promise(resolve => child.on('exit', resolve)))).toBe(5)
  })

  test.each(['22.18.0', '23.6.0', '24.0.0'])('takes Node %s as it is', version => {
    bring('echo another Node')
    // What it would start is not in this clone.
    const { stdout, stderr } = run(version, script)
    expect([stdout, stderr]).toEqual(['', expect.stringContaining('main.ts')])
  })
})

test('the command says of a clone in which nothing is installed that npm ci has to be run', () => {
  rmSync(join(clone, 'node_modules'), { recursive: true })
  const { status, stderr } = run('20.20.2', 'clients/cli/intent-bus.js')
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^intent-bus: .*run npm ci in the clone\.\n$/)])
})
