import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SECRET_NAMES, SECRETS } from '../config/secret-variables.ts'
import { isShort } from '../secrets/short-secrets.ts'
import { incoming, markSwitch } from '../store/sqlite/switching.ts'
import { BusProcess } from './support/bus-process.ts'

const [SHORT_KEY, SHORT_PASSWORD] = ['hunter2', 'hunter2-too']

let dir: string
let started: BusProcess[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bus-short-'))
  started = []
})
afterEach(async () => {
  await Promise.all(started.map(bus => bus.kill()))
  rmSync(dir, { recursive: true, force: true })
})

function start(env: Record<string, string> = {}): BusProcess {
  const bus = new BusProcess(dir, { PORT: '0', ...env })
  started.push(bus)
  return bus
}

async function refusal(bus: BusProcess): Promise<string> {
  expect(await bus.refused()).toEqual({ code: 1, signal: null })
  expect(bus.out + bus.err).not.toContain('hunter2')
  return bus.err
}

const warnings = ({ out }: BusProcess): string[] =>
  out
    .split('\n')
    .filter(line => line.includes('"level":"warn"'))
    .map(line => JSON.parse(line).msg)

const warningOf = (name: string, least: number) =>
  `${name} is shorter than ${least} characters and could be guessed. Make a longer one: openssl rand -hex 32`

test.each(SECRET_NAMES)('%s is short below its limit, counted in characters', name => {
  const least = name === 'DASHBOARD_PASSWORD' ? 12 : 16
  expect(SECRETS[name].least).toBe(least)
  expect([isShort(name, '🔑'.repeat(least - 1)), isShort(name, '🔑'.repeat(least))]).toEqual([true, false])
})

describe('a new data directory', () => {
  test('is refused with short secrets, all of which are named, and nothing is made', async () => {
    const settings = { BUS_SECRET: SHORT_KEY, DASHBOARD_PASSWORD: SHORT_PASSWORD }
    const said = await refusal(start(settings))
    expect(said).toContain('BUS_SECRET is shorter than 16 characters')
    expect(said).toContain('DASHBOARD_PASSWORD is shorter than 12 characters')
    expect(said).toContain('BUS_ALLOW_SHORT_SECRETS=true')
    expect(readdirSync(dir)).toEqual([])
    // It is as new as before.
    await refusal(start(settings))
    await start({
      ...settings,
      BUS_SECRET: 'a-longer-master-key',
      DASHBOARD_PASSWORD: 'a longer one',
    }).ready()
  })

  test.each([
    ['file that a setting names', 'bus-secret', SHORT_KEY],
    ['file of the data directory', 'data/secrets.env', `BUS_SECRET=${SHORT_KEY}\n`],
  ])('is refused with one from a %s, which is named', async (_what, name, text) => {
    const file = join(dir, name)
    mkdirSync(join(dir, 'data'))
    writeFileSync(file, text, { mode: 0o600 })
    const env: Record<string, string> = name === 'bus-secret' ? { BUS_SECRET_FILE: file } : {}
    expect(await refusal(start(env))).toContain(`${name} is shorter than 16 characters`)
    expect(existsSync(join(dir, 'data/bus.db'))).toBe(false)
  })

  test('is refused, too, where a start was killed before it had a database', async () => {
    mkdirSync(join(dir, 'data'))
    writeFileSync(join(dir, 'data/bus.db'), '')
    await refusal(start({ BUS_SECRET: SHORT_KEY }))
  })

  test('is made with BUS_ALLOW_SHORT_SECRETS=true, and the log warns', async () => {
    const bus = start({ BUS_SECRET: SHORT_KEY, BUS_ALLOW_SHORT_SECRETS: 'true' })
    await bus.ready()
    expect(warnings(bus)).toEqual([warningOf('BUS_SECRET', 16)])
  })

  test('with the secrets that the bus makes has nothing to warn of', async () => {
    const bus = start()
    await bus.ready()
    expect(warnings(bus)).toEqual([])
  })
})

test('a bus that has a database starts with short secrets, and warns at each start without showing one', async () => {
  const first = start()
  await first.ready()
  await first.kill()
  const settings = { BUS_SECRET: SHORT_KEY, DASHBOARD_PASSWORD: SHORT_PASSWORD }
  for (let i = 0; i < 2; i += 1) {
    const bus = start(settings)
    await bus.ready()
    expect(warnings(bus)).toEqual([warningOf('BUS_SECRET', 16), warningOf('DASHBOARD_PASSWORD', 12)])
    expect(bus.out + bus.err).not.toContain('hunter2')
    await bus.kill()
  }
  // One that somebody has put into the file of the first start is no better.
  writeFileSync(join(dir, 'data/secrets.env'), 'BUS_METRICS_TOKEN=hunter2\n')
  const bus = start()
  await bus.ready()
  expect(warnings(bus)).toContain(warningOf('BUS_METRICS_TOKEN', 16))
})

test('a bus whose restore was cut short, with its database under another name, is not new', async () => {
  const settings = { BUS_SECRET: SHORT_KEY, BUS_ALLOW_SHORT_SECRETS: 'true' }
  const first = start(settings)
  await first.ready()
  await first.kill()
  const database = join(dir, 'data/bus.db')
  const aside = `${database}.before-restore-20261130T210000Z`
  // As a phone leaves it, whose file system knows no second name of a file.
  writeFileSync(incoming(database), 'the backup')
  markSwitch(database, aside)
  renameSync(database, aside)
  renameSync(`${database}-wal`, `${aside}-wal`)
  const bus = start({ BUS_SECRET: SHORT_KEY })
  await bus.ready()
  expect(warnings(bus)).toContain(warningOf('BUS_SECRET', 16))
  expect(existsSync(aside)).toBe(false)
})
