import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../config/config.ts'
import { VARIABLES } from '../config/variables.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bus-config-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function fault(env: Record<string, string>): string {
  try {
    readConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    const { message } = error as ConfigError
    expect(message).not.toContain('\n')
    return message
  }
  throw new Error('nothing was refused')
}

describe('defaults', () => {
  test('an empty environment is enough', () => {
    const config = readConfig({})
    expect(config.values).toMatchObject({ PORT: 8080, HOST: '127.0.0.1', BUS_LEASE_SECONDS: 60 })
    expect(config).toMatchObject({
      dataDir: './data',
      keyFile: 'data/bus.key',
      secrets: {},
      warnings: [],
    })
  })

  test('an empty variable is an unset one', () => {
    expect(readConfig({ PORT: '', BUS_SECRET: '', BUS_SECRET_FILE: '', HOST: '  ' })).toEqual(readConfig({}))
  })

  test('every default is a value the variable takes', () => {
    for (const [name, variable] of Object.entries(VARIABLES)) {
      if (variable.default !== '')
        expect(variable.parse(String(variable.default)), name).toBe(variable.default)
    }
  })

  test('the key lies beside the database unless it is told otherwise', () => {
    expect(readConfig({ BUS_DB_PATH: '/srv/bus/jobs.db' })).toMatchObject({
      dataDir: '/srv/bus',
      keyFile: '/srv/bus/bus.key',
    })
    expect(readConfig({ BUS_KEY_FILE: '/run/secrets/key' }).keyFile).toBe('/run/secrets/key')
  })
})

describe('a wrong value stops the start with one line', () => {
  test('that names the variable, what it got and what it takes', () => {
    expect(fault({ PORT: 'http' })).toBe('PORT is "http": it takes a whole number from 0 to 65535.')
  })

  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['PORT', '1e3'],
    ['BUS_LEASE_SECONDS', '9'],
    ['BUS_LEASE_SECONDS', '3601'],
    ['BUS_CLEANUP_INTERVAL_SECONDS', '0'],
    ['BUS_MAX_QUEUED', '99999999999999999999'],
    ['BUS_TRUST_PROXY', '11'],
    ['BUS_TRUST_PROXY', 'maybe'],
    ['BUS_ENFORCE_HTTPS', '2'],
    ['LOG_LEVEL', 'loud'],
    ['HOST', 'local host'],
    ['HOST', 'http://localhost'],
    ['BUS_DB_PATH', ':memory:'],
  ])('%s=%s', (name, value) => {
    expect(fault({ [name]: value })).toContain(`${name} is "${value}": it takes `)
  })

  test('a long value or one with line breaks stays on the line', () => {
    expect(fault({ PORT: `${'9\n'.repeat(500)}` }).length).toBeLessThan(250)
  })

  test('and so do several, with a line each', () => {
    const env = { PORT: 'http', BUS_LEASE_SECONDS: '-1', LOG_LEVEL: 'warn' }
    expect(() => readConfig(env)).toThrow(
      new ConfigError(
        'PORT is "http": it takes a whole number from 0 to 65535.\nBUS_LEASE_SECONDS is "-1": it takes a whole number from 10 to 3600.',
      ),
    )
  })

  test('a body limit below what a body must carry', () => {
    expect(fault({ BUS_MAX_BODY_BYTES: '4096' })).toBe(
      'BUS_MAX_BODY_BYTES is 4096: it takes at least what BUS_MAX_PAYLOAD_BYTES is (8192).',
    )
  })
})

describe('spellings', () => {
  test.each(['true', '1', 'yes', 'on', 'TRUE', ' On '])('%s is yes', text => {
    expect(readConfig({ BUS_MAINTENANCE_MODE: text }).values.BUS_MAINTENANCE_MODE).toBe(true)
  })

  test.each(['false', '0', 'no', 'off'])('%s is no', text => {
    expect(readConfig({ BUS_REQUIRE_CLAIM_TOKEN: text }).values.BUS_REQUIRE_CLAIM_TOKEN).toBe(false)
  })

  test.each([
    ['true', 1],
    ['false', 0],
    ['0', 0],
    ['1', 1],
    ['3', 3],
    ['10', 10],
  ])('BUS_TRUST_PROXY=%s believes %i proxies', (text, hops) => {
    expect(readConfig({ BUS_TRUST_PROXY: text }).values.BUS_TRUST_PROXY).toBe(hops)
  })
})

describe('secrets', () => {
  const LONG = 'correct-horse-battery-staple'

  test('come from the variable', () => {
    expect(readConfig({ BUS_SECRET: LONG }).secrets).toEqual({
      BUS_SECRET: { value: LONG, source: { from: 'variable', name: 'BUS_SECRET' } },
    })
  })

  test('or from a file, without its last line break', () => {
    const path = join(dir, 'secret')
    writeFileSync(path, `${LONG}\r\n`)
    expect(readConfig({ BUS_ADMIN_SECRET_FILE: path }).secrets.BUS_ADMIN_SECRET).toEqual({
      value: LONG,
      source: { from: 'file', path },
    })
  })

  test.each([`BUS_METRICS_TOKEN=${LONG}`, `"${LONG}"`, `'${LONG}'`])(
    'a file that holds %s is taken as it is, with a warning that does not show it',
    text => {
      const path = join(dir, 'dressed')
      writeFileSync(path, `${text}\n`)
      for (const name of ['BUS_METRICS_TOKEN', 'BUS_BACKUP_PASSPHRASE']) {
        const { warnings, secrets } = readConfig({ [`${name}_FILE`]: path })
        expect(warnings).toEqual([
          `${name}_FILE names ${path}, which takes the secret alone: the name or the quotes around it are taken as a part of it.`,
        ])
        if (name === 'BUS_METRICS_TOKEN') expect(secrets.BUS_METRICS_TOKEN!.value).toBe(text)
      }
    },
  )

  test('never from both', () => {
    expect(fault({ DASHBOARD_PASSWORD: LONG, DASHBOARD_PASSWORD_FILE: '/x' })).toBe(
      'DASHBOARD_PASSWORD and DASHBOARD_PASSWORD_FILE are both set: set one of them.',
    )
  })

  test('a file that is not there is named', () => {
    const path = join(dir, 'none')
    expect(fault({ BUS_METRICS_TOKEN_FILE: path })).toBe(
      `BUS_METRICS_TOKEN_FILE names ${path}, which cannot be read (ENOENT): it takes a readable file.`,
    )
  })

  test('an empty file is refused: it would leave the door to chance', () => {
    const path = join(dir, 'empty')
    writeFileSync(path, '\n')
    expect(fault({ BUS_SECRET_FILE: path })).toContain(`BUS_SECRET_FILE names ${path}, which is empty`)
  })

  test.each(['two\nlines-of-hunter2', ' hunter2-behind-a-space', 'hunter2-café'])(
    'what no header can carry is refused and not shown',
    value => {
      const message = fault({ BUS_SECRET: value })
      expect(message).toMatch(/^BUS_SECRET holds something else/)
      expect(message).not.toContain('hunter2')
    },
  )

  test('a password may be in any language', () => {
    expect(readConfig({ DASHBOARD_PASSWORD: 'пароль из шестнадцати' }).warnings).toEqual([])
  })
})

describe('a variable the bus does not know', () => {
  test('is a warning with the nearest name', () => {
    expect(readConfig({ BUS_MAX_PAYLOAD: '1', BUS_LEASE_SECOND: '9' }).warnings).toEqual([
      'BUS_MAX_PAYLOAD is not a setting of the bus, and was ignored. Did you mean BUS_MAX_PAYLOAD_BYTES?',
      'BUS_LEASE_SECOND is not a setting of the bus, and was ignored. Did you mean BUS_LEASE_SECONDS?',
    ])
  })

  test('or without one, when none is near; its value is not shown', () => {
    expect(readConfig({ BUS_COLOUR_OF_THE_SKY: 'blue' }).warnings).toEqual([
      'BUS_COLOUR_OF_THE_SKY is not a setting of the bus, and was ignored.',
    ])
  })

  test('other programs’ variables are none of its business', () => {
    expect(readConfig({ PATH: '/bin', HOSTNAME: 'pi', DATABASE: 'x' }).warnings).toEqual([])
  })
})
