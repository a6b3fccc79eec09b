import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder, ShellWorker } from './shell-worker.ts'
import { workers } from './shells.ts'

const scripts = readdirSync(workers, { recursive: true, encoding: 'utf8' }).filter(name =>
  name.endsWith('.sh'),
)

test('there are scripts', () => {
  expect(scripts).toEqual(expect.arrayContaining(['worker.sh', 'webhook.sh', 'json.sh']))
})

test.each(scripts)('%s is read by sh without a fault', script => {
  expect(spawnSync('sh', ['-n', join(workers, script)], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  })
})

test('--help names every setting that the script reads', async () => {
  const { stdout, status } = spawnSync('sh', [join(workers, 'worker.sh'), '--help'], { encoding: 'utf8' })
  expect(status).toBe(0)
  const read = readFileSync(join(workers, 'lib/options.sh'), 'utf8').match(/\bBUS_[A-Z_]+|(?<=\s)--[a-z-]+/g)!
  for (const name of new Set(read)) expect(stdout, name).toContain(name)
})

test.each(['worker.sh', 'webhook.sh'])('%s --help fits 80 columns', script => {
  const { stdout } = spawnSync('sh', [join(workers, script), '--help'], { encoding: 'utf8' })
  expect(stdout).toContain('--goal GOAL')
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

type Mistake = [args: string[], env: Record<string, string>, reason: string]
const MISTAKES: Mistake[] = [
  [[], {}, 'there is no command'],
  [['--'], {}, 'there is no command'],
  [['--', 'no-such-program'], {}, 'there is no command no-such-program'],
  [['--gaol', 'x', '--', 'cat'], {}, 'there is no option --gaol'],
  [['--goal'], {}, '--goal needs a value'],
  [['--', 'cat'], { BUS_API_KEY: '' }, 'there is no API key: set BUS_API_KEY'],
  [['--', 'cat'], { BUS_API_KEY_FILE: '/nowhere' }, "BUS_API_KEY_FILE is '/nowhere', which is no file"],
  [['--', 'cat'], { BUS_API_KEY: 'a\nb' }, 'the API key has control characters'],
  ...[
    'bus.example',
    'ftp://bus',
    'http://',
    'http://[::1',
    'http://bus:port',
    'http://bus:99999',
    'http://a bus',
    'http://bus/?a=b',
  ].map(
    (BUS_URL): Mistake => [['--', 'cat'], { BUS_URL }, `BUS_URL is '${BUS_URL}'; it takes http(s)://host`],
  ),
  ...['--goal', '--namespace', '--worker-id', '--capabilities', '--url', '--key-file', '--lease'].map(
    (option): Mistake => [
      [option, '', '--', 'cat'],
      {},
      `${option} is empty: give it a value, or leave it out`,
    ],
  ),
  [['--goal', ' ', '--', 'cat'], {}, '--goal is empty'],
  ...['BUS_GOAL', 'BUS_NAMESPACE', 'BUS_WORKER_ID', 'BUS_CAPABILITIES'].map(
    (name): Mistake => [['--', 'cat'], { [name]: '' }, `${name} is empty: give it a value, or unset it`],
  ),
  [['--', 'cat'], { BUS_LEASE: '5' }, "BUS_LEASE is '5'; it takes a whole number of seconds from 10 to 3600"],
  [['--wait', '1h', '--', 'cat'], {}, "BUS_WAIT is '1h'; it takes a whole number of seconds from 0 to 60"],
  [['--', 'cat'], { BUS_TIMEOUT: '-1' }, "BUS_TIMEOUT is '-1'"],
  [['--', 'cat'], { BUS_RESULT: 'xml' }, "BUS_RESULT is 'xml'; it takes text or json"],
  [['--', 'cat'], { BUS_SIGN: 'yes' }, "BUS_SIGN is 'yes'; it takes true or false"],
]

test.each(MISTAKES)('with %j and %j it ends with 2 and says why', async (args, env, reason) => {
  const worker = new ShellWorker(['sh'], 'worker.sh', args, {
    BUS_API_KEY: 'k',
    ...env,
  })
  expect(await worker.exited).toBe(2)
  expect(worker.errors).toContain(`worker: ${reason}`)
})

test.each([
  ['BUS_API_KEY=tk_abc', 'looks like NAME=value; all of it counts as the key'],
  ['export BUS_API_KEY=tk_abc', 'looks like export NAME=value; all of it counts as the key'],
  ['"tk_abc"', 'is in quotes; they count as part of the key'],
])('a key that is %s brings a warning, from a file and from the environment', async (key, warning) => {
  const file = join(folder(), 'key')
  writeFileSync(file, `${key}\n`)
  const started = async (env: Record<string, string>) => {
    const nowhere = { BUS_URL: 'http://127.0.0.1:1', ...env }
    const worker = new ShellWorker(['sh'], 'worker.sh', ['--once', '--', 'true'], nowhere)
    expect(await worker.exited).toBe(3)
    return worker.errors
  }
  expect(await started({ BUS_API_KEY_FILE: file })).toContain(
    `worker: the first line of ${file} ${warning}\n`,
  )
  expect(await started({ BUS_API_KEY: key })).toContain(`worker: BUS_API_KEY ${warning}\n`)
  expect(await started({ BUS_API_KEY: 'tk_plain-and_=' })).not.toContain('counts as')
})
