import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Installed, installed, linked } from './installed.ts'

let user: Installed
beforeAll(async () => {
  user = await installed()
}, 600_000)
afterAll(() => user?.remove())

/** `npx intent-bus serve`, once it is ready. */
async function served() {
  const bus = user.start('npx', 'intent-bus', 'serve', '--port', '0')
  onTestFinished(bus.end)
  while (!bus.out().includes('is ready')) await new Promise(resolve => setTimeout(resolve, 50))
  const ready = bus
    .out()
    .split('\n')
    .find(line => line.includes('is ready'))!
  return { bus, ...(JSON.parse(ready) as { port: number; database: string }) }
}

test('three tarballs, installed offline, are all there is: no links, no TypeScript to be run', async () => {
  expect(linked(user.dir)).toEqual([])
  const { stdout } = await user.run('npm', 'ls', '--all', '--json')
  expect(JSON.parse(stdout).problems).toBeUndefined()
  const { stdout: sources } = await user.run(
    'find',
    'node_modules/intent-bus',
    'node_modules/@intent-bus',
    '-name',
    '*.ts',
    '!',
    '-name',
    '*.d.ts',
  )
  expect(sources).toBe('')
})

test('npx intent-bus serve is the bus, with its data where it says', async () => {
  const { bus, port, database } = await served()
  expect(database).toBe('./data/bus.db')
  expect(existsSync(join(user.dir, database))).toBe(true)
  const health = await fetch(`http://127.0.0.1:${port}/health`)
  expect([health.status, health.headers.get('x-intent-version')]).toEqual([200, expect.any(String)])
  const page = await fetch(`http://127.0.0.1:${port}/openapi.json`)
  expect(await page.json()).toMatchObject({ openapi: expect.any(String) })
  await bus.end()
  expect(bus.out()).toContain('"stopped"')
})

test('the command beside it publishes a job, does it, backs it up and restores it', async () => {
  const { bus } = await served()
  const npx = async (...args: string[]) => (await user.run('npx', 'intent-bus', ...args)).stdout
  const id = (await npx('publish', 'greet', '{"name":"world"}')).trim()
  await npx('work', 'greet', '--once', '--', 'cat')
  expect(JSON.parse(await npx('--json', 'result', id))).toMatchObject({ status: 'fulfilled' })
  expect(await npx('doctor')).toContain('✓ ready')
  expect(await npx('backup', '--to', 'copies')).toContain('verified')
  await bus.end()
  expect(await npx('doctor', '--server')).toContain('✓ sqlite')
  const restored = await npx('restore', 'copies', '--data', 'restored')
  expect(restored).toContain('Now start the bus: npx intent-bus serve --db restored/bus.db')
  await expect(npx('import', 'reference', 'none.db')).rejects.toMatchObject({
    stderr: expect.stringContaining('none.db'),
  })
  await expect(npx('stress')).rejects.toMatchObject({
    stderr: expect.stringContaining('stress needs a clone of the repository'),
  })
})

test('a program with the TypeScript client publishes, works and gets the result', async () => {
  const { port } = await served()
  const [, key] = /^BUS_SECRET=(.*)$/m.exec(readFileSync(join(user.dir, 'data/secrets.env'), 'utf8'))!
  writeFileSync(
    join(user.dir, 'program.ts'),
    `import { IntentBus } from '@intent-bus/client'
const bus = new IntentBus({ url: 'http://127.0.0.1:${port}', key: '${key}' })
const worker = bus.worker<'double'>('double', job => 2 * (job.payload as number), { handleSignals: false })
console.log(await bus.request('double', 21, { wait: 20 }))
await worker.stop()
`,
  )
  expect((await user.run('node', 'program.ts')).stdout).toBe('42\n')
})
