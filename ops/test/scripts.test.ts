import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ShellWorker } from './shell-worker.ts'
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
  const read = readFileSync(join(workers, 'parts/options.sh'), 'utf8').match(
    /\bBUS_[A-Z_]+|(?<=\s)--[a-z-]+/g,
  )!
  for (const name of new Set(read)) expect(stdout, name).toContain(name)
})

test.each([
  [[], {}, 'there is no command'],
  [['--'], {}, 'there is no command'],
  [['--', 'no-such-program'], {}, 'there is no command no-such-program'],
  [['--gaol', 'x', '--', 'cat'], {}, 'there is no option --gaol'],
  [['--goal'], {}, '--goal needs a value'],
  [['--', 'cat'], { BUS_API_KEY: '' }, 'there is no API key: set BUS_API_KEY'],
  [['--', 'cat'], { BUS_API_KEY_FILE: '/nowhere' }, "BUS_API_KEY_FILE is '/nowhere', which is no file"],
  [['--', 'cat'], { BUS_API_KEY: 'a\nb' }, 'the API key has control characters'],
  [['--', 'cat'], { BUS_URL: 'bus.example' }, "BUS_URL is 'bus.example'; it takes http"],
  [['--', 'cat'], { BUS_LEASE: '5' }, "BUS_LEASE is '5'; it takes a whole number of seconds from 10 to 3600"],
  [['--wait', '1h', '--', 'cat'], {}, "BUS_WAIT is '1h'; it takes a whole number of seconds from 0 to 60"],
  [['--', 'cat'], { BUS_TIMEOUT: '-1' }, "BUS_TIMEOUT is '-1'"],
  [['--', 'cat'], { BUS_RESULT: 'xml' }, "BUS_RESULT is 'xml'; it takes text or json"],
  [['--', 'cat'], { BUS_SIGN: 'yes' }, "BUS_SIGN is 'yes'; it takes true or false"],
])('with %j and %j it ends with 2 and says why', async (args, env, reason) => {
  const worker = new ShellWorker(['sh'], 'worker.sh', args, {
    BUS_API_KEY: 'k',
    ...(env as Record<string, string>),
  })
  expect(await worker.exited).toBe(2)
  expect(worker.errors).toContain(`worker: ${reason}`)
})
