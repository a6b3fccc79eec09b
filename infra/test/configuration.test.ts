/** The configuration of a stack: what is taken, and what a person is told who got it wrong. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TARGETS } from '../config/key.ts'
import { KEYS, type KeyName } from '../config/keys.ts'
import { InvalidConfiguration, readConfiguration } from '../config/read.ts'
import { mocked } from './mocked.ts'

const read = (values: Record<string, string>, encrypted: string[] = []) =>
  readConfiguration({ values, isSecret: name => encrypted.includes(name) })

/** What is wrong with it. */
function faults(values: Record<string, string>, encrypted: string[] = []): readonly string[] {
  try {
    read(values, encrypted)
  } catch (error) {
    if (error instanceof InvalidConfiguration) return error.faults
    throw error
  }
  return []
}

test('nothing has to be set for the Docker here', () => {
  expect(read({}).values).toMatchObject({
    target: 'local',
    name: 'intent-bus',
    image: '',
    bindAddress: '127.0.0.1',
    port: 8080,
    monitoring: true,
    deleteData: false,
    settings: {},
  })
})

test.each(TARGETS)('what Pulumi.yaml gives where nothing is set changes nothing for %s', target => {
  const needed = { ssh: { host: 'ssh://admin@bus.example.com' }, hetzner: {}, local: {} }[target as string]
  const given = { target, ...needed }
  const schema = readFileSync(join(import.meta.dirname, '../Pulumi.yaml'), 'utf8')
  const defaults = Object.fromEntries(
    [...schema.matchAll(/^ {2}(\w+):\n(?: {4}(?!default).*\n)* {4}default: (.*)$/gm)].map(
      ([, name, value]) => {
        const parsed: unknown = JSON.parse(value!)
        return [name!, typeof parsed === 'string' ? parsed : value!]
      },
    ),
  )
  expect(Object.keys(defaults)).toEqual(Object.keys(KEYS))
  const told = (values: Record<string, string>) => {
    const wrong = faults(values)
    return wrong.length > 0 ? wrong : read(values)
  }
  expect(told({ ...defaults, ...given })).toEqual(told(given))
})

test('every fault is told at once, by its key, what it got and what it takes', () => {
  expect(
    faults({ port: '80.80', domain: 'https://bus.example.com', memory: '512', bindAdress: '10.0.0.1' }),
  ).toEqual([
    'bindAdress is not a key of this program. Did you mean bindAddress?',
    'port is "80.80": it takes a whole number from 1 to 65535.',
    'domain is "https://bus.example.com": it takes a name that DNS knows, as `bus.example.com`, without https:// and without a port.',
    'memory is "512": it takes memory with M or G behind it (`512M`, `2G`), from 256M to 1024G.',
  ])
})

test.each<[KeyName, string[], string[]]>([
  ['target', ['local', 'Local'], ['docker']],
  ['name', ['bus', 'bus-2'], ['Bus', '2bus', 'bus-', 'b', 'bus_1', 'a'.repeat(41)]],
  [
    'image',
    ['ghcr.io/a/bus:1.0', 'localhost:5000/bus:1', 'bus@sha256:'.padEnd(75, '0')],
    ['bus', 'bus:latest', 'localhost:5000/bus', 'bus@sha256:00', 'bus:1 2'],
  ],
  ['bindAddress', ['10.0.0.1', 'fd00::1'], ['localhost', '10.0.0', '10.0.0.1:80']],
  ['port', ['1', '65535'], ['0', '65536', '8e3', '-1']],
  [
    'domain',
    ['bus.example.com', 'a-b.c.io'],
    ['localhost', 'bus.example.com:443', '-a.com', '10.0.0.1', 'a..b'],
  ],
  ['cpus', ['0.5', '2', '16'], ['0', '0.05', '1e1', '-1', '257']],
  ['memory', ['256M', '2g'], ['255M', '2T', '512', '1.5G']],
  ['prometheusRetention', ['30d', '1y'], ['30', '1m', 'd']],
  ['prometheusSize', ['512MB', '5GB'], ['5', '5G']],
  [
    'ntfyUrl',
    ['https://ntfy.sh/a-topic'],
    ['http://ntfy.sh/a-topic', 'https://ntfy.sh/', 'https://u:p@ntfy.sh/t'],
  ],
  ['monitoring', ['true', 'no'], ['maybe']],
  [
    'settings',
    ['{}', '{"BUS_LEASE_SECONDS": 120}', '{"LOG_LEVEL": "warn"}'],
    ['[]', 'x', '{"LOG_LEVEL": {}}', 'null'],
  ],
])('%s takes %j, and not %j', (name, good, bad) => {
  for (const text of good) expect(faults({ [name]: text }), text).toEqual([])
  for (const text of bad) {
    expect(faults({ [name]: text })[0], text).toMatch(new RegExp(`^${name} is .*: it takes .*\\.$`))
  }
})

test.each([
  ['host', 'ssh://root@10.0.0.1', []],
  ['host', 'ssh://root@bus.example.com:2222', []],
  ['host', 'ssh://root@[fd00::1]:22', []],
  ['host', 'root@10.0.0.1', ['host is "root@10.0.0.1": it takes `ssh://user@host`']],
  ['host', 'ssh://10.0.0.1', ['host is "ssh://10.0.0.1": it takes `ssh://user@host`']],
  ['host', 'ssh://root@host -oProxyCommand=x', ['host is "ssh://…@host -oProxyCommand=x"']],
  ['host', 'unix:///run/docker.sock', ['host is "unix:///run/docker.sock": the target ssh takes']],
])('over SSH, %s may be %j: %j', (name, value, expected) => {
  const told = faults({ target: 'ssh', [name]: value })
  expect(told.length).toBe(expected.length)
  expected.forEach((begin, i) => {
    expect(told[i]!.startsWith(begin)).toBe(true)
  })
})

describe('a key', () => {
  test('that its target needs is asked for', () => {
    expect(faults({ target: 'ssh' })).toEqual([
      'host is not set, and ssh needs it: it takes `ssh://user@host` with `:port` behind it if it is not 22, or `unix:///path` of a socket here.',
    ])
  })

  test('of another target is refused, for it would do nothing', () => {
    expect(faults({ sshKey: '~/.ssh/id_ed25519' })).toEqual([
      'sshKey does nothing for the target local: it is for ssh, hetzner.',
    ])
  })

  test('has a target, words for the docs, and a default that it takes itself', () => {
    for (const [name, key] of Object.entries(KEYS)) {
      expect(key.targets.length, name).toBeGreaterThan(0)
      expect(
        key.targets.every(target => TARGETS.includes(target)),
        name,
      ).toBe(true)
      expect(key.meaning, name).toMatch(/\.$/)
      const text = typeof key.default === 'object' ? JSON.stringify(key.default) : `${key.default}`
      if (text === '') expect(key.defaultText, name).toBeTruthy()
      else expect(key.parse(text), name).toEqual(key.default)
    }
  })
})

describe('a secret', () => {
  const secret = 'correct-horse-battery-staple'

  test('that stands in the stack file for all to read is refused, and not shown', () => {
    const [told] = faults({ busSecret: secret })
    expect(told).toContain('`pulumi config set --secret busSecret`')
    expect(told).not.toContain(secret)
  })

  test('that the bus would not take is refused, and not shown', () => {
    const [told] = faults({ busSecret: ` ${secret}\u0007` }, ['busSecret'])
    expect(told).toBe(
      'busSecret holds something else (30 characters, not shown): it takes up to 512 printable ASCII characters, no space at either end.',
    )
  })

  test('that is short is a warning, since a bus that has data starts with it', () => {
    const read = (settings = '{}') =>
      readConfiguration({
        values: { busSecret: 'hunter2', dashboardPassword: 'hunter2-too', grafanaPassword: 'x', settings },
        isSecret: name => name !== 'settings',
      }).warnings
    expect(read()).toEqual([
      expect.stringContaining('busSecret is shorter than 16 characters'),
      expect.stringContaining('dashboardPassword is shorter than 12 characters'),
    ])
    expect(read().join()).not.toContain('hunter2')
    expect(read('{"BUS_ALLOW_SHORT_SECRETS": true}')).toEqual([])
  })

  test('has no place among the settings, where every container of the host could be asked for it', () => {
    const [told] = faults({ settings: JSON.stringify({ BUS_ADMIN_SECRET: secret }) })
    expect(told).toBe(
      'settings has BUS_ADMIN_SECRET, which is a secret: the environment of a container is no place for it.',
    )
  })

  test('reaches the program encrypted', async () => {
    let seen: unknown
    await mocked({}, { busSecret: secret }, config => {
      seen = (config.secrets.busSecret as unknown as { isSecret: Promise<boolean> }).isSecret
      expect(Object.keys(config)).not.toContain('busSecret')
      return {}
    })
    expect(await seen).toBe(true)
  })
})

describe('settings of the bus', () => {
  const of = (settings: Record<string, unknown>) => faults({ settings: JSON.stringify(settings) })

  test('are read as the bus will read them', () => {
    expect(of({ BUS_LEASE_SECONDS: 5 })).toEqual([
      'settings: BUS_LEASE_SECONDS is "5": it takes a whole number from 10 to 3600.',
    ])
  })

  test('that the bus does not know are refused, with the one that was meant', () => {
    expect(of({ BUS_LEASE: 120 })).toEqual([
      'settings: BUS_LEASE is not a setting of the bus. Did you mean BUS_LEASE_SECONDS?',
    ])
  })

  test('that the deployment decides are refused', () => {
    expect(of({ PORT: 9000, BUS_DB_PATH: '/tmp/x' })).toEqual([
      'settings has PORT, which this program sets.',
      'settings has BUS_DB_PATH, which this program sets.',
    ])
  })

  test('reach the container', async () => {
    const { one } = await mocked({ settings: '{"BUS_LEASE_SECONDS": 120}' })
    expect(one('intent-bus-bus').inputs['envs']).toContain('BUS_LEASE_SECONDS=120')
  })
})

test('a stack that is wrong has no resources, and a message without a stack trace', async () => {
  const refused = mocked({ port: 'x' })
  await expect(refused).rejects.toThrow(
    'The configuration of this stack cannot be used:\n  port is "x": it takes a whole number from 1 to 65535.',
  )
})

test('a secret is looked at as it stands, with the spaces at its ends', () => {
  const [fault] = faults({ busSecret: 'a secret of some length ' }, ['busSecret'])
  expect(fault).toMatch(/^busSecret holds something else \(24 characters, not shown\)/)
  expect(faults({ busSecret: ' ' }, ['busSecret'])).toEqual([])
})

test('what is encrypted and would not stay so is refused, and not shown', () => {
  const ntfyUrl = 'https://ntfy.sh/a-name-that-nobody-guesses'
  expect(faults({ ntfyUrl }, ['ntfyUrl'])).toEqual([
    'ntfyUrl is encrypted, and would not stay so in what is made of it: set it without --secret.',
  ])
})

test('an address with a port that is none is told by its key', () => {
  expect(faults({ target: 'ssh', host: 'ssh://admin@bus.example.com:99999' })[0]).toMatch(
    /^host is "ssh:\/\/…@bus\.example\.com:99999": it takes/,
  )
})

test('two things do not listen on one port', () => {
  const same = ['grafanaPort is 8080, as port is: each takes a port of its own.']
  expect(faults({ grafanaPort: '8080' })).toEqual(same)
  expect(faults({ grafanaPort: '8080', monitoring: 'false' })).toEqual([])
  expect(faults({ httpsPort: '80', domain: 'bus.example.com' })).toEqual([
    'httpsPort is 80, as httpPort is: each takes a port of its own.',
  ])
  expect(faults({ httpsPort: '80' })).toEqual([])
})

test('a proxy before Caddy would not be believed, so none is counted', () => {
  const domain = 'bus.example.com'
  for (const trustProxy of ['0', '2']) {
    expect(faults({ domain, trustProxy })).toEqual([
      `trustProxy is ${trustProxy}: beside domain it is 1, for Caddy, which believes no other proxy. With proxies of your own, leave domain out.`,
    ])
  }
  expect(faults({ domain, trustProxy: '1' })).toEqual([])
  expect(faults({ trustProxy: '2' })).toEqual([])
})

test('the commands for a Docker on a socket of its own name that socket', async () => {
  const { outputs } = await mocked({ host: 'unix:///run/user/1000/docker.sock', monitoring: 'false' })
  const commands = Object.entries(outputs).filter(([name]) => /^(read|keyFor)/.test(name))
  expect(commands).toHaveLength(5)
  for (const [name, command] of commands) {
    expect(command, name).toMatch(
      /^docker -H unix:\/\/\/run\/user\/1000\/docker\.sock (exec|cp) intent-bus-bus/,
    )
  }
})
