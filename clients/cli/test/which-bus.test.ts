/** Which bus answers, and which key it gets, where there is more than one. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { busForFile, MASTER } from '@intent-bus/service/test/support/bus'
import { describe, expect, test } from 'vitest'
import { settingsOf } from '../src/settings.ts'
import { emptyDir, start } from './support/run.ts'

const bus = await busForFile()

function directoryOfBus(url: string, secrets?: string): string {
  const cwd = emptyDir()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/bus.url'), `${url}\n`)
  if (secrets !== undefined) writeFileSync(join(cwd, 'data/secrets.env'), secrets)
  return cwd
}

function configIn(cwd: string, text: string): Record<string, string> {
  writeFileSync(join(cwd, 'config.json'), text)
  return { INTENT_BUS_CONFIG: join(cwd, 'config.json') }
}

describe('a key of the environment', () => {
  test.each(['BUS_SECRET', 'BUS_ADMIN_SECRET'])(
    'in %s is not sent to the address that a directory names',
    async name => {
      const cwd = directoryOfBus(bus.url)
      const { code, err } = await start(['list', '--timeout', '0.1'], {
        cwd,
        env: { [name]: MASTER, PORT: '1' },
      }).ended
      expect([code, err]).not.toContain(0)
      expect(err).not.toContain(bus.url)
    },
  )

  test('is, where the environment names the directory', async () => {
    const dir = directoryOfBus(bus.url)
    const env = { BUS_SECRET: MASTER, BUS_DB_PATH: join(dir, 'data/bus.db') }
    expect(await start(['kv', 'get', 'none'], { env }).ended).toMatchObject({ code: 5 })
  })

  test('is not missed by a directory that has a key of its own', async () => {
    const cwd = directoryOfBus(bus.url, `BUS_SECRET=${MASTER}\n`)
    expect(await start(['kv', 'get', 'none'], { cwd }).ended).toMatchObject({ code: 5 })
  })
})

describe('a default profile in the directory of a bus', () => {
  const profile = JSON.stringify({
    default: 'home',
    profiles: { home: { url: 'http://127.0.0.1:1', key: 'k' } },
  })

  test('is named as the one that answers, with the way to the bus of the directory', async () => {
    const cwd = directoryOfBus(bus.url, `BUS_SECRET=${MASTER}\n`)
    const env = configIn(cwd, profile)
    const { code, err } = await start(['kv', 'get', 'none', '--timeout', '0.1'], { cwd, env }).ended
    expect([code, err]).toEqual([
      3,
      expect.stringContaining(
        'the bus of the default profile home, http://127.0.0.1:1, not that of data. For that one: --profile .',
      ),
    ])
    for (const [args, more] of [
      [['--profile', '.'], {}],
      [[], { BUS_PROFILE: '.' }],
    ] as const) {
      const ran = await start([...args, 'kv', 'get', 'none'], { cwd, env: { ...env, ...more } }).ended
      expect([ran.code, ran.err]).toEqual([5, expect.not.stringContaining('default profile')])
    }
  })

  test('is no surprise elsewhere', () => {
    const env = configIn(emptyDir(), profile)
    expect(settingsOf({}, env)).not.toHaveProperty('aside')
  })
})

test('a config file that begins with a mark of Windows, or is empty, breaks nothing', () => {
  const marked = configIn(emptyDir(), '\ufeff{"profiles":{"p":{"url":"http://x","key":"k"}}}')
  expect(settingsOf({ profile: 'p' }, marked).url).toBe('http://x')
  expect(settingsOf({ url: 'http://y' }, configIn(emptyDir(), '')).url).toBe('http://y')
  expect(
    settingsOf({}, { ...configIn(emptyDir(), ' \n'), BUS_DB_PATH: '/nonexistent/bus.db' }).key,
  ).toBeUndefined()
})

test.each(['BUS_SECRET=abc', '"abc"', "'abc'"])(
  'a secret file that holds %s brings a warning',
  async text => {
    const file = join(emptyDir(), 'key')
    writeFileSync(file, text)
    const env = { BUS_URL: bus.url, BUS_API_KEY_FILE: file }
    const { code, err } = await start(['kv', 'get', 'none'], { env }).ended
    expect([code, err]).toEqual([
      4,
      expect.stringContaining(
        `warning: ${file}, which BUS_API_KEY_FILE names, takes the secret alone, without a name or quotes`,
      ),
    ])
  },
)

test.each(['localhost:8080', 'http://', 'ftp://x', ' '])(
  'BUS_URL=%s is a wrong setting, not a bus that is away',
  async url => {
    expect(await start(['kv', 'get', 'x'], { env: { BUS_URL: url, BUS_API_KEY: 'k' } }).ended).toMatchObject({
      code: 2,
    })
  },
)
