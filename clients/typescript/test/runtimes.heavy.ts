/** The package in each kind of program that may run it, each from the registry. Without a chromium its test is skipped, and says so. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { busForFile, MASTER } from '@intent-bus/service/test/support/bus'
import { CACHE } from '@intent-bus/service/test/support/cache'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { emptyProject } from './support/package.ts'

const run = promisify(execFile)
const bus = await busForFile({ BUS_REQUIRE_SIGNATURES: 'true' })
bus.wallAheadMs = Date.now() - bus.clock.now()
const project = await emptyProject()
afterAll(project.remove)

copyFileSync(new URL('./support/everything.js', import.meta.url), join(project.dir, 'everything.js'))
writeFileSync(
  join(project.dir, 'main.js'),
  `import * as client from '@intent-bus/client'
import process from 'node:process'
import { everything } from './everything.js'
const { URL: url, KEY: key, GOAL: goal } = process.env
console.log(JSON.stringify(await everything(client, { url, key, goal })))
`,
)

const DONE = {
  results: [1, 2, 3].map(n => ({ doubled: 2 * n, attempt: 1 })),
  value: 'kept',
  lastError: 'on purpose',
  lost: true,
  fulfilled: 3,
  last: 'worker.stopped',
}

async function installed(name: string, version: string): Promise<{ dir: string } | { reason: string }> {
  const dir = join(CACHE, 'runtimes', `${name}-${version}`)
  mkdirSync(dir, { recursive: true })
  const env = Object.fromEntries(Object.entries(process.env).filter(([variable]) => !/^npm_/i.test(variable)))
  try {
    await run('npm', ['install', '--prefix', dir, '--no-audit', '--no-fund', `${name}@${version}`], {
      env: env as Record<string, string>,
      timeout: 300_000,
    })
    return { dir }
  } catch (error) {
    return {
      reason: `${name}@${version} cannot be installed: ${(error as Error).message.trim().split('\n').at(-1)}`,
    }
  }
}

const runtimes: [name: string, version: string, command: string, args: string[]][] = [
  ['node', '20.19.5', 'node', []],
  ['deno', '2.9.6', 'deno', ['run', '--allow-all', '--quiet']],
  ['bun', '1.4.5', 'bun', ['run']],
]

test.each(runtimes)(
  '%s %s publishes, works, signs and stops',
  async (name, version, command, args) => {
    const found = await installed(name, version)
    if ('reason' in found) throw new Error(found.reason)
    const { stdout } = await run(join(found.dir, 'node_modules/.bin', command), [...args, 'main.js'], {
      cwd: project.dir,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: project.dir,
        URL: bus.url,
        KEY: MASTER,
        GOAL: `goal-${name}`,
      },
      timeout: 60_000,
    })
    expect(JSON.parse(stdout)).toEqual(DONE)
  },
  400_000,
)

test('a page in a browser does, behind the proxy that the bus is behind', async ctx => {
  const chromium = await run('sh', ['-c', 'command -v chromium || command -v chromium-browser']).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  )
  if (chromium === null) return ctx.skip('chromium is not installed')
  const found = await installed('playwright-core', '1.65.1')
  if ('reason' in found) throw new Error(found.reason)
  const playwright = createRequire(join(found.dir, 'x.js'))('playwright-core') as {
    chromium: { launch(options: object): Promise<Browser> }
  }

  const site = await siteWithBus()
  const browser = await playwright.chromium.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(site)
  const outcome = await page.evaluate(`(async () => {
    const client = await import('/client/index.js')
    const { everything } = await import('/everything.js')
    return everything(client, { url: location.origin + '/bus', key: ${JSON.stringify(MASTER)}, goal: 'goal-browser' })
  })()`)
  expect(outcome).toEqual(DONE)
}, 400_000)

type Browser = {
  newPage(): Promise<{ goto(url: string): Promise<unknown>; evaluate(script: string): Promise<unknown> }>
  close(): Promise<void>
}

/** A site with a page, the package, and the bus under `/bus`. */
async function siteWithBus(): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { url = '/', method, headers } = incoming
    if (url.startsWith('/bus/')) {
      const forwarded = request(bus.url + url.slice(4), { method, headers }, answer => {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
      })
      // A poll that is called off here is to be called off there.
      outgoing.on('close', () => forwarded.destroy())
      forwarded.on('error', () => outgoing.destroy())
      incoming.pipe(forwarded)
      return
    }
    if (url === '/favicon.ico') return void outgoing.writeHead(404).end()
    const file = url.startsWith('/client/')
      ? `node_modules/@intent-bus/client/dist/${url.slice(8)}`
      : url.slice(1)
    const isPage = url === '/'
    outgoing.writeHead(200, { 'content-type': isPage ? 'text/html' : 'text/javascript' })
    outgoing.end(isPage ? '<!doctype html><title>page</title>' : readFileSync(join(project.dir, file)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
