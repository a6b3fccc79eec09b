import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { settingsOf } from '../src/settings.ts'
import { emptyDir, start } from './support/run.ts'

function configWith(text: string | object): { INTENT_BUS_CONFIG: string } {
  const path = join(emptyDir(), 'config.json')
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text))
  return { INTENT_BUS_CONFIG: path }
}

const home = {
  url: 'https://home',
  key: 'home-key',
  admin_token: 'home-admin',
  namespace: 'house',
  sign: true,
}
const config = { default: 'home', profiles: { home, work: { url: 'https://work', key: 'work-key' } } }
const nothing = { INTENT_BUS_CONFIG: '/nonexistent/config.json' }

describe('one source as a whole', () => {
  test('a profile that is named goes before the environment', () => {
    const env = { ...configWith(config), BUS_URL: 'http://env', BUS_API_KEY: 'env-key' }
    expect(settingsOf({ profile: 'home' }, env)).toMatchObject({
      url: 'https://home',
      key: 'home-key',
      adminToken: 'home-admin',
      namespace: 'house',
      sign: true,
    })
    expect(settingsOf({}, { ...env, BUS_PROFILE: 'work' })).toMatchObject({
      url: 'https://work',
      key: 'work-key',
    })
  })

  test('the environment goes before the default profile', () => {
    const env = { ...configWith(config), BUS_URL: 'http://env', BUS_API_KEY: 'env-key' }
    expect(settingsOf({}, env)).toMatchObject({
      url: 'http://env',
      key: 'env-key',
      adminToken: undefined,
      sign: false,
    })
  })

  test('the default profile is next', () => {
    expect(settingsOf({}, configWith(config))).toMatchObject({
      url: 'https://home',
      source: 'the profile home',
    })
  })

  test('no key of a profile goes to an address from elsewhere', () => {
    expect(settingsOf({ url: 'https://elsewhere' }, configWith(config)).key).toBeUndefined()
    expect(settingsOf({}, { ...configWith(config), BUS_URL: 'https://elsewhere' }).key).toBeUndefined()
    const meant = settingsOf({ url: 'https://elsewhere', profile: 'home' }, configWith(config))
    expect(meant).toMatchObject({ url: 'https://elsewhere', key: 'home-key' })
  })

  test('nor that of a profile which BUS_PROFILE names, unless a key for the address is given', () => {
    const env = { ...configWith(config), BUS_PROFILE: 'home' }
    expect(() => settingsOf({ url: 'https://elsewhere' }, env)).toThrow(
      'The key of the profile home, which BUS_PROFILE names, is not sent to the address of --url.',
    )
    expect(settingsOf({ url: 'https://elsewhere' }, { ...env, BUS_API_KEY: 'env-key' })).toMatchObject({
      url: 'https://elsewhere',
      key: 'env-key',
    })
    expect(settingsOf({ url: 'https://elsewhere', profile: 'home' }, env).key).toBe('home-key')
    expect(settingsOf({}, { ...env, BUS_PROFILE: '' }).source).toBe('the profile home')
  })

  test('the variable of the Python SDK is understood too', () => {
    expect(settingsOf({}, { ...nothing, INTENT_API_KEY: 'sdk-key' })).toMatchObject({
      key: 'sdk-key',
      url: 'http://localhost:8080',
    })
  })

  test('keys can be in files', () => {
    const file = join(emptyDir(), 'key')
    writeFileSync(file, 'from-file\n')
    expect(settingsOf({}, { ...nothing, BUS_API_KEY_FILE: file }).key).toBe('from-file')
    const profiles = { p: { url: 'http://p', key_file: file, admin_token_file: file } }
    expect(settingsOf({ profile: 'p' }, configWith({ profiles }))).toMatchObject({
      key: 'from-file',
      adminToken: 'from-file',
    })
    expect(() => settingsOf({}, { ...nothing, BUS_API_KEY_FILE: '/none' })).toThrow(
      'BUS_API_KEY_FILE names /none, which cannot be read (ENOENT).',
    )
  })
})

test('an admin token without an address does not go to a profile, and the way out says what is missing', async () => {
  const env = {
    ...configWith({ default: 'p', profiles: { p: { url: 'http://p', key: 'k' } } }),
    BUS_ADMIN_TOKEN: 'a',
  }
  expect(settingsOf({}, env).adminToken).toBeUndefined()
  const { code, err } = await start(['dead', 'list'], { env }).ended
  expect([code, err]).toEqual([2, expect.stringContaining('BUS_ADMIN_TOKEN_FILE beside BUS_URL')])
  expect(settingsOf({}, { ...env, BUS_URL: 'http://env' }).adminToken).toBe('a')
})

describe('where each comes from', () => {
  test('is known of what the environment gives', () => {
    const [key, empty] = [join(emptyDir(), 'key'), join(emptyDir(), 'empty')]
    writeFileSync(key, 'from-file\n')
    writeFileSync(empty, '\n')
    const files = { ...nothing, BUS_URL: 'http://env', BUS_API_KEY_FILE: key, BUS_ADMIN_TOKEN: 'a' }
    expect(settingsOf({}, files).origins).toEqual({
      address: 'http://env',
      url: 'BUS_URL',
      key: `${key}, which BUS_API_KEY_FILE names`,
      adminToken: 'BUS_ADMIN_TOKEN',
    })
    expect(settingsOf({ url: 'http://other' }, files).origins.url).toBe('--url')
    expect(() => settingsOf({}, { ...nothing, BUS_API_KEY_FILE: empty })).toThrow(
      `BUS_API_KEY_FILE names ${empty}, which is empty.`,
    )
  })

  test('is known of what a profile gives', () => {
    const env = configWith({ profiles: { p: { url: 'http://p', key: 'k', admin_token_file: '/none' } } })
    expect(() => settingsOf({ profile: 'p' }, env)).toThrow(
      'admin_token_file of the profile p names /none, which cannot be read (ENOENT).',
    )
    expect(settingsOf({ profile: 'home' }, configWith(config)).origins).toMatchObject({
      url: expect.stringMatching(/^the profile home in .*config\.json$/),
      key: 'key of the profile home',
      adminToken: 'admin_token of the profile home',
    })
  })
})

test('in the directory of a bus, its own secrets are used', async () => {
  const cwd = emptyDir()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(
    join(cwd, 'data/secrets.env'),
    '# made by the bus\nBUS_SECRET=local\nBUS_ADMIN_SECRET=admin\n',
  )
  const { out } = await start(['--json', 'doctor'], { cwd, env: { PORT: '9' } }).ended
  expect(JSON.parse(out)[0]).toMatchObject({
    check: 'settings',
    state: 'ok',
    detail: 'http://localhost:9, from data/secrets.env, of the bus of this directory',
  })
})

test('secrets that the bus of this directory has from files are read there, as in its container', () => {
  const cwd = emptyDir()
  const files = { key: join(cwd, 'bus-secret'), admin: join(cwd, 'admin-secret') }
  writeFileSync(files.key, 'from-a-file\n')
  writeFileSync(files.admin, 'admin-from-a-file\n')
  const env = {
    ...nothing,
    BUS_DB_PATH: join(cwd, 'bus.db'),
    BUS_SECRET_FILE: files.key,
    BUS_ADMIN_SECRET_FILE: files.admin,
  }
  expect(settingsOf({}, env)).toMatchObject({ key: 'from-a-file', adminToken: 'admin-from-a-file' })
  expect(settingsOf({}, env).origins.key).toBe(`${files.key}, which BUS_SECRET_FILE names`)
})

test('the address that the bus of this directory has noted is used, and named when nobody answers there', async () => {
  const cwd = emptyDir()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/secrets.env'), 'BUS_SECRET=local\n')
  writeFileSync(join(cwd, 'data/bus.url'), 'http://127.0.0.1:9\n')
  const { code, err } = await start(['kv', 'get', 'x'], { cwd, env: { PORT: '10' } }).ended
  expect([code, err]).toEqual([
    3,
    expect.stringMatching(
      /http:\/\/127\.0\.0\.1:9 cannot be reached[\s\S]*data\/bus\.url, which a bus that was killed/,
    ),
  ])
})

describe('the config file', () => {
  test.each([
    ['no JSON', 'nonsense', /config\.json: .*JSON/],
    ['no object', '[]', 'the file takes an object.'],
    [
      'a field that there is not',
      { profiles: { p: { url: 'x', kee: 'secret' } } },
      'profiles.p has a field "kee"; it takes url, key,',
    ],
    [
      'a field of another kind',
      { profiles: { p: { url: 'x', key: 12345 } } },
      'profiles.p.key takes a string; it got a number.',
    ],
    ['a profile without an address', { profiles: { p: {} } }, 'profiles.p has no url.'],
  ])('with %s is told as such, with its path and without its secrets', (_what, text, message) => {
    expect(() => settingsOf({ profile: 'p' }, configWith(text))).toThrow(message)
  })

  test('one that cannot be written is told, without a stack', async () => {
    const cwd = emptyDir()
    symlinkSync('/nonexistent/dir', join(cwd, 'gone'))
    const env = { INTENT_BUS_CONFIG: join(cwd, 'gone', 'config.json') }
    const { code, err } = await start(['profile', 'add', 'x', 'http://x'], { cwd, env, stdin: 'k' }).ended
    expect([code, err]).toEqual([2, expect.stringMatching(/^error: .*config\.json cannot be written/)])
  })

  test('a profile that is not there is told, with those that are', () => {
    expect(() => settingsOf({ profile: 'hone' }, configWith(config))).toThrow(
      'There is no profile "hone". There are: home, work.',
    )
    expect(() => settingsOf({ profile: 'toString' }, configWith(config))).toThrow(
      'There is no profile "toString".',
    )
  })

  test('profiles are added, listed, chosen and removed, in a file that only its owner may read', async () => {
    const cwd = emptyDir()
    const run = (args: string[], stdin = '') => start(args, { cwd, stdin }).ended
    expect((await run(['profile', 'add', 'home', 'https://home'], 'the-key\n')).out).toContain('doctor')
    expect(
      (await run(['profile', 'add', 'work', 'https://work', '-n', 'office', '--sign'], 'other\n')).code,
    ).toBe(0)
    const path = join(cwd, '.config/intent-bus/config.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      default: 'home',
      profiles: {
        home: { url: 'https://home', key: 'the-key' },
        work: { url: 'https://work', key: 'other', namespace: 'office', sign: true },
      },
    })
    await run(['profile', 'use', 'work'])
    const { out } = await run(['profile', 'list'])
    expect(out).toContain('*  work')
    expect(out).not.toContain('the-key')
    await run(['profile', 'remove', 'work'])
    expect(JSON.parse((await run(['--json', 'profile', 'list'])).out)).toEqual([
      { name: 'home', url: 'https://home', default: false },
    ])
    expect((await run(['profile', 'use', 'nope'])).code).toBe(2)
    for (const url of ['nonsense', 'localhost:8080', 'ftp://x', 'https://ada:secret@x', 'http://x/?a=1']) {
      const { code, err } = await run(['profile', 'add', 'x', url], 'k')
      expect([code, err]).toEqual([2, expect.stringContaining('address of the bus cannot be used')])
      expect(err).not.toContain('secret')
      expect(await run(['--url', url, 'status', '1'])).toMatchObject({ code: 2, err })
    }
    for (const name of ['__proto__', 'two words', '"'])
      expect((await run(['profile', 'add', name, 'http://x'], 'k')).err).toContain('NAME takes letters')
    expect((await run(['profile', 'add', 'x', 'http://x'])).err).toContain('no API key on stdin')
  })

  test('a profile is replaced by --force only', async () => {
    const cwd = emptyDir()
    const add = (url: string, ...more: string[]) =>
      start(['profile', 'add', 'home', url, ...more], { cwd, stdin: 'key' }).ended
    expect((await add('http://one')).code).toBe(0)
    const { code, err } = await add('http://two')
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('There is a profile home already, for http://one.'),
    ])
    expect(err).toContain('--force')
    expect((await start(['profile', 'list'], { cwd }).ended).out).toContain('http://one')
    expect((await add('http://two', '--force')).code).toBe(0)
    expect((await start(['profile', 'list'], { cwd }).ended).out).toContain('http://two')
  })

  test('of many that are added at once none is lost', async () => {
    const cwd = emptyDir()
    const names = Array.from({ length: 8 }, (_, i) => `bus${i}`)
    const ended = await Promise.all(
      names.map(name => start(['profile', 'add', name, `http://${name}`], { cwd, stdin: name }).ended),
    )
    expect(ended.map(({ code }) => code)).toEqual(names.map(() => 0))
    const { profiles } = JSON.parse(readFileSync(join(cwd, '.config/intent-bus/config.json'), 'utf8'))
    expect(Object.keys(profiles).sort()).toEqual(names)
    expect(existsSync(join(cwd, '.config/intent-bus/config.json.lock'))).toBe(false)
  })

  test('the lock of a command that was killed is named, with the way out', async () => {
    const cwd = emptyDir()
    writeFileSync(join(cwd, 'config.json.lock'), '1\n')
    const env = { INTENT_BUS_CONFIG: join(cwd, 'config.json') }
    const { code, err } = await start(['profile', 'add', 'home', 'http://home'], { env, stdin: 'k' }).ended
    expect([code, err]).toEqual([2, expect.stringContaining(`rm ${join(cwd, 'config.json.lock')}`)])
  })

  test('a config file that is a link stays one', async () => {
    const cwd = emptyDir()
    writeFileSync(join(cwd, 'kept.json'), '{"profiles":{}}')
    symlinkSync(join(cwd, 'kept.json'), join(cwd, 'link.json'))
    const env = { INTENT_BUS_CONFIG: join(cwd, 'link.json') }
    expect((await start(['profile', 'add', 'home', 'http://home'], { env, stdin: 'key' }).ended).code).toBe(0)
    expect(lstatSync(join(cwd, 'link.json')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(cwd, 'kept.json'), 'utf8')).toContain('http://home')
  })
})
