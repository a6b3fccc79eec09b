/** The scripts for Termux, as far as any machine with bash can tell. */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bashReads } from '../../../service/test/support/bash-scripts.ts'
import { root } from '../../../service/test/support/root.ts'

const folder = join(root, 'ops/termux')
const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  name => name.endsWith('.sh') || /^intent-bus-(phone|worker)$/.test(name),
)

const bootstrap = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync('bash', [join(folder, 'bootstrap.sh'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: '/nowhere', ...env },
  })

test('there are scripts', () => {
  expect(scripts).toEqual(
    expect.arrayContaining(['bootstrap.sh', 'run.sh', 'lib/switch.sh', 'intent-bus-phone']),
  )
})

bashReads(folder, scripts)

test('bootstrap.sh --help fits 80 columns', () => {
  const { stdout } = bootstrap(['--help'])
  expect(stdout).toContain('  --help')
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('each file in lib is sourced by what sets up a bus, and each in shared by that and the worker', () => {
  const sourcedBy = (script: string, room: string) =>
    spawnSync('grep', ['-hoE', `${room}/[a-z-]+.sh"$`, join(root, script)], { encoding: 'utf8' })
      .stdout.replaceAll('"', '')
      .split('\n')
  const there = (room: string) => scripts.filter(name => name.startsWith(`${room}/`))
  const setUp = ['ops/termux/set-up.sh', 'ops/termux/lib/settings.sh']
  const forServer = ['lib', 'shared'].flatMap(room => setUp.flatMap(script => sourcedBy(script, room)))
  expect(there('lib').length).toBeGreaterThan(5)
  expect([...there('lib'), ...there('shared')].filter(name => !forServer.includes(name))).toEqual([])
  const forWorker = sourcedBy('clients/phone/install.sh', 'shared')
  expect(there('shared').filter(name => !forWorker.includes(name))).toEqual([])
})

test.each([
  [['--frm', 'x'], 'there is no option --frm'],
  [['--from'], '--from needs a value'],
  [['--port', 'http'], "--port takes a number, not 'http'"],
  [['--port', '80'], '--port takes 1024 to 65535'],
  [['--delete-data'], '--delete-data goes with --uninstall'],
  [['--from', ''], '--from is empty: give it a value, or leave it out'],
  [['--sha256', ''], '--sha256 is empty'],
  [['--port', ''], '--port is empty'],
])('bootstrap.sh %j ends with 2, and says why', (args, reason) => {
  const { status, stderr } = bootstrap(args)
  expect(status).toBe(2)
  expect(stderr).toContain(`bootstrap: ${reason}`)
})

test('where no bus is installed its command says so', () => {
  const { status, stderr } = spawnSync('bash', [join(folder, 'intent-bus-phone'), 'status'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nowhere' },
  })
  expect([status, stderr]).toEqual([
    1,
    'There is no bus in /nowhere/intent-bus: ops/termux/bootstrap.sh installs one.\n',
  ])
})

test('where there is no Termux it says where to go, and does nothing', () => {
  const { status, stderr } = bootstrap([])
  expect(status).toBe(1)
  expect(stderr).toContain('It stopped: this is not Termux.')
  expect(stderr).toContain('docs/on-a-server.md')
  expect(statSync('/nowhere', { throwIfNoEntry: false })).toBeUndefined()
})

test.each(['BUS_SOURCE', 'BUS_SHA256'])(
  'bootstrap.sh does not take an empty %s for one that is not set',
  name => {
    const { status, stderr } = bootstrap(['--dry-run'], { [name]: '' })
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${name} is empty`),
    })
  },
)
