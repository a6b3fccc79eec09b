import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BusProcess } from './support/bus-process.ts'
import { root } from './support/root.ts'
import { typed } from './support/typed.ts'

/** A directory of its own stands in for the clone: the bus keeps `./data` there, and the commands read it. */
let dir: string
let bus: BusProcess
let port: number

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'bus-readme-'))
  // What `npm ci` leaves in a clone: npx finds the command there, and needs no network.
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  bus = new BusProcess(dir, { PORT: '0' })
  port = await bus.ready()
})

afterAll(async () => {
  await bus.kill()
  rmSync(dir, { recursive: true, force: true })
})

test('the first job of the README works as it is pasted, with the command and with curl', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(match => match[1]!)
  expect(blocks.length).toBeGreaterThanOrEqual(5)
  const script = blocks.join('\n').replaceAll('localhost:8080', `localhost:${port}`)

  const printed = await typed(script, {
    cwd: dir,
    // A proxy that the machine is set up for must not stand between curl and this machine.
    env: {
      PATH: process.env['PATH'] ?? '',
      NO_PROXY: 'localhost',
      PORT: `${port}`,
      HOME: dir,
      npm_config_offline: 'true',
    },
  })

  const [shouted, published, claimed, fulfilled, result] = printed.trim().split('\n')
  expect(shouted).toBe('"GOOD MORNING"')
  const { id } = JSON.parse(published!)
  expect(JSON.parse(claimed!)).toMatchObject({ id, goal: 'greet', payload: { name: 'Ada' } })
  expect(JSON.parse(fulfilled!)).toEqual({ ok: true, id })
  expect(JSON.parse(result!)).toMatchObject({
    id,
    status: 'fulfilled',
    result: { greeting: 'Hello, Ada' },
    result_type: 'json',
  })
})
