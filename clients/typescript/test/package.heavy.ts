import { execFile, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { busForFile, MASTER } from '@intent-bus/service/test/support/bus'
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { IntentBus } from '../src/index.ts'
import { checkTypes, cleanEnv, commands, emptyProject, snippets } from './support/package.ts'

const bus = await busForFile()
bus.wallAheadMs = Date.now() - bus.clock.now()
const client = new IntentBus({ url: bus.url, key: MASTER })
const project = await emptyProject()
afterAll(project.remove)

const pieces = snippets()
const env = { PATH: process.env['PATH'] ?? '', BUS_URL: bus.url, BUS_API_KEY: MASTER }

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
})

/** Starts a snippet of the page as a program. Types are taken out by hand: nothing else is changed. */
function start(heading: string) {
  const file = join(project.dir, `${heading.replace(/\W+/g, '-')}.js`)
  writeFileSync(file, stripTypeScriptTypes(pieces.get(heading)!))
  const child = spawn(process.execPath, [file], { cwd: project.dir, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (out += chunk))
  const exited = new Promise<number | null>(resolve => child.on('close', resolve))
  return { child, exited, out: () => out }
}

async function claim(goal: string) {
  for (;;) {
    const claimed = await client.claim({ goal })
    if (claimed !== null) return claimed
    await new Promise(setImmediate)
  }
}

test('the package holds what was built, its page and its licence, and pulls nothing in', () => {
  const odd = project.packed.filter(
    path => !/^(dist\/.+\.(js|d\.ts)|package\.json|README\.md|LICENSE)$/.test(path),
  )
  expect(odd).toEqual([])
  expect(project.packed).toContain('README.md')
  expect(project.packed).toContain('LICENSE')
  const { dependencies } = JSON.parse(
    readFileSync(join(project.dir, 'node_modules/@intent-bus/client/package.json'), 'utf8'),
  )
  expect(dependencies).toBeUndefined()
})

test('every snippet of its page is right in its types, for the strictest of compilers', async () => {
  for (const [heading, code] of pieces)
    writeFileSync(join(project.dir, `${heading.replace(/\W+/g, '-')}.ts`), code)
  await checkTypes(project)
  expect(pieces.size).toBe(4)
})

test('the page is followed to the letter, from an empty directory on', async () => {
  const beside = mkdtempSync(join(tmpdir(), 'bus-beside-'))
  onTestFinished(() => rmSync(beside, { recursive: true, force: true }))
  const [clone, mine] = [join(beside, 'intent-bus'), join(beside, 'mine')]
  for (const dir of [clone, mine]) mkdirSync(dir)
  cpSync(join(project.dir, project.filename), join(clone, project.filename))
  const [pack, install] = commands()
  expect(pack).toBe('npm pack --workspace clients/typescript\n')
  const npm = { ...cleanEnv, npm_config_offline: 'true', npm_config_cache: join(beside, 'cache') }
  execFileSync('sh', ['-euc', install!], { cwd: mine, env: npm, stdio: 'pipe' })
  for (const code of pieces.values()) {
    const [, name] = /^\/\/ (\S+\.ts)\n/.exec(code) ?? []
    if (name !== undefined) writeFileSync(join(mine, name), code)
  }
  const worker = spawn(process.execPath, ['worker.ts'], { cwd: mine, env, stdio: 'ignore' })
  onTestFinished(() => void worker.kill('SIGKILL'))
  // What the worker of the page offers is for jobs that ask for it; this one asks for nothing.
  const printed = await promisify(execFile)(process.execPath, ['publish.ts'], { cwd: mine, env })
  expect(printed).toEqual({ stdout: 'fulfilled { width: 64 }\n', stderr: '' })
})

test('the publisher of the page publishes, and prints the result', async () => {
  const { exited, out } = start('Publish, and wait for the result')
  const taken = await claim('resize')
  expect(taken).toMatchObject({ payload: { file: 'cat.png' }, priority: 200 })
  await client.fulfill(taken, { width: 64 })
  expect(await exited).toBe(0)
  expect(out()).toBe('fulfilled { width: 64 }\n')
})

test('the signed request of the page is answered', async () => {
  const { exited, out } = start('Types for your goals')
  await client.fulfill(await claim('resize'), { width: 99 })
  expect(await exited).toBe(0)
  expect(out()).toBe('99\n')
})

test('the worker of the page works, and at SIGTERM ends by itself, with nothing left undone', async () => {
  const { child, exited, out } = start('Work')
  const { id } = await client.publish('resize', { file: 'dog.png' }, { requiredCapability: 'gpu' })
  expect((await client.result(id, { wait: 20 })).result).toEqual({ width: 64 })
  expect((await claim('notify')).payload).toEqual({ text: 'resized dog.png' })
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  expect(out()).toMatch(
    /^resize: waiting for work in the namespace default of http[\s\S]*\nresize: has stopped\n$/,
  )
  while (bus.broker.waiting > 0) await new Promise(setImmediate)
})

test('the hooks of the page print what happens', async () => {
  const { child, exited, out } = start('Telemetry')
  const { id } = await client.publish('notify', { text: 'hello' })
  expect((await client.result(id, { wait: 20 })).result).toBe(5)
  child.kill('SIGINT')
  expect(await exited).toBe(0)
  expect(
    out()
      .split('\n')
      .map(line => line.replace(/\d+ ms/, 'N ms')),
  ).toEqual([
    'worker.started ',
    'intent.claimed ',
    `intent.started ${id}`,
    'notify N ms',
    `intent.fulfilled ${id}`,
    'worker.draining ',
    'worker.stopped ',
    '',
  ])
})
