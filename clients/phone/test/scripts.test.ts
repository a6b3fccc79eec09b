/** The scripts of a phone's worker, as far as any machine with bash can tell. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bashReads } from '../../../service/test/support/bash-scripts.ts'
import { root } from '../../../service/test/support/root.ts'

const folder = join(root, 'clients/phone')
const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  name => name.endsWith('.sh') || name === 'intent-bus-worker',
)

test('there are scripts', () => {
  expect(scripts).toEqual(
    expect.arrayContaining(['install.sh', 'run.sh', 'lib/service.sh', 'intent-bus-worker']),
  )
})

bashReads(folder, scripts)

test.each(['install.sh', 'worker.sh'])('%s --help fits 80 columns', name => {
  const { stdout } = spawnSync('bash', [join(folder, name), '--help'], { encoding: 'utf8' })
  expect(stdout).toContain('  --help')
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('each file in lib is sourced by the installer or a handler', () => {
  const { stdout } = spawnSync('grep', ['-rhoE', 'lib/[a-z-]+.sh"$', folder, '--include=*.sh'], {
    encoding: 'utf8',
  })
  const sourced = stdout.replaceAll('"', '').split('\n')
  const lib = scripts.filter(name => name.startsWith('lib/'))
  expect(lib.length).toBeGreaterThan(3)
  expect(lib.filter(name => !sourced.includes(name))).toEqual([])
})

const elsewhere = (...args: string[]) =>
  spawnSync('bash', [join(folder, 'install.sh'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nowhere' },
  })

test('where there is no Termux the worker has help to give, and says where to go', () => {
  expect(elsewhere('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('--wake-lock yes|no'),
    stderr: '',
  })
  const { status, stderr } = elsewhere()
  expect([status, stderr]).toEqual([1, expect.stringContaining('It stopped: this is not Termux.')])
})
