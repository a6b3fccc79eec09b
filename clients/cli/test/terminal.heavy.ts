/** In a terminal, which `script` of util-linux stands in for. Without it the test is skipped, and says so. */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ADMIN_TOKEN, busForFile, busForTest, MASTER } from '@intent-bus/service/test/support/bus'
import { expect, onTestFinished, test } from 'vitest'
import { COMMAND, emptyDir } from './support/run.ts'

const bus = await busForFile()

function has(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`])
    return true
  } catch {
    return false
  }
}

/** A terminal in which a command runs. */
function terminal(
  size: string,
  command: string,
  url = bus.url,
  cwd = emptyDir(),
  more: Record<string, string> = {},
) {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: cwd,
    TERM: 'xterm',
    BUS_URL: url,
    BUS_API_KEY: MASTER,
    BUS_ADMIN_TOKEN: ADMIN_TOKEN,
    ...more,
  }
  const line = `stty ${size}; '${process.execPath}' '${COMMAND}' ${command}`
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', chunk => {
    screen += chunk
  })
  const exited = new Promise(resolve => child.on('close', resolve))
  const drawn = async (times: number) => {
    while (screen.split('\x1b[H').length <= times) await new Promise(resolve => setTimeout(resolve, 20))
  }
  const shows = async (text: string) => {
    while (!screen.includes(text)) await new Promise(resolve => setTimeout(resolve, 20))
  }
  return { cwd, child, exited, drawn, shows, screen: () => screen }
}

test('a result that would steer the terminal does not', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  const claim = await bus.master.claimed({ goal: 'evil' })
  await bus.master.fulfil(claim, { result: 'a\u001b[2Jb\nc', result_type: 'text' })
  const { exited, screen } = terminal('cols 60 rows 20', `result ${claim.id}`)
  expect(await exited).toBe(0)
  expect(screen()).toBe('a\ufffd[2Jb\r\nc\r\n')
})

test.for(['list', 'dead list', 'keys list', 'audit'])(
  '%s fits 80 columns, and its short ids are taken as ids',
  async (list, ctx) => {
    if (!has('script')) ctx.skip('script (util-linux) is not installed')
    const own = await busForTest()
    const { api_key } = (
      await own.admin.post('/admin/generate_key', {
        owner: 'a key with a long name',
        note: 'and a note',
        rate_limit: 600,
        open_limit: 5000,
      })
    ).json
    const issued = own.master.with({ 'x-api-key': api_key })
    await issued.publish({
      goal: 'a goal of many words',
      namespace: 'a-long-namespace',
      target_worker: 'barn',
      required_capability: 'gpu',
    })
    const id = await issued.publish({ goal: 'resize' })
    await own.admin.post(`/admin/intents/${id}/cancel`)
    await own.master.claimed({ goal: 'slow' })
    const { exited, screen } = terminal('cols 80 rows 24', list, own.url)
    expect(await exited).toBe(0)
    const lines = stripVTControlCharacters(screen()).trimEnd().split('\r\n')
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
    if (list === 'keys list') return
    const short = id.slice(0, 16)
    expect(screen()).toContain(short)
    expect(screen()).not.toContain(id)
    const status = terminal('cols 80 rows 24', `status ${short}`, own.url)
    expect(await status.exited).toBe(0)
    expect(status.screen()).toContain(id)
  },
)

test('what a command says on its way, and errors with their way out, fit 80 columns', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  const goal = 'a-goal-with-a-name-that-is-long'
  const idle = terminal('cols 80 rows 24', `work ${goal} --once --wait 0 --exec cat`)
  const denied = terminal('cols 80 rows 24', 'kv get x', bus.url, undefined, { BUS_API_KEY: 'wrong' })
  const doctor = terminal('cols 80 rows 24', 'doctor', bus.url, undefined, { BUS_API_KEY: 'wrong' })
  expect([await idle.exited, await denied.exited, await doctor.exited]).toEqual([7, 4, 1])
  for (const { screen } of [idle, denied, doctor]) {
    const lines = stripVTControlCharacters(screen()).trimEnd().split('\r\n')
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
  }
  expect(idle.screen()).toContain(`intent-bus list --goal ${goal}`)
})

test('states have colours in a terminal, unless NO_COLOR is set', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  await bus.master.publish({ goal: 'coloured' })
  const coloured = terminal('cols 80 rows 24', 'list --goal coloured')
  expect(await coloured.exited).toBe(0)
  expect(coloured.screen()).toContain('\u001b[36mopen')
  const plain = terminal('cols 80 rows 24', 'list --goal coloured', bus.url, undefined, { NO_COLOR: '1' })
  expect(await plain.exited).toBe(0)
  expect(plain.screen()).not.toContain('\u001b')
})

test.for([
  ['kv get evil', 'a\ufffd[2Jb\ufffd2Jc\ufffdd\r\ne\r\n'],
  ['--json kv get evil', '{"key":"evil","value":"a\\u001b[2Jb\\u009b2Jc\\u202ed\\ne"}\r\n'],
  ['kv get evil | cat', 'a\u001b[2Jb\u009b2Jc\u202ed\r\ne\r\n'],
])('%s: a value steers no terminal, and goes through a pipe as it is', async ([command, shown], ctx) => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  await bus.master.post('/set/evil', { value: 'a\u001b[2Jb\u009b2Jc\u202ed\ne' })
  const { exited, screen } = terminal('cols 80 rows 24', command!)
  expect(await exited).toBe(0)
  expect(screen()).toBe(shown)
})

test('whoever waits for the bus is told why, unless it is to be quiet', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  let asked = 0
  const busy = createServer((_incoming, outgoing) => {
    asked += 1
    outgoing.setHeader('x-intent-version', '7.61')
    const error = { code: 'rate_limited', message: 'Too many requests. Try again in 1 s.' }
    if (asked % 2 === 0) outgoing.end('{"value":"v"}')
    else outgoing.writeHead(429, { 'Retry-After': '1' }).end(JSON.stringify({ error }))
  })
  await new Promise<void>(resolve => busy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void busy.close())
  const url = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`
  const said: string[] = []
  for (const flag of ['', '--quiet', '--json']) {
    const { exited, screen } = terminal('cols 80 rows 24', `${flag} kv get x`, url)
    expect(await exited).toBe(0)
    said.push(screen())
  }
  expect(said).toEqual([
    expect.stringMatching(/Too many requests\. Try again in 1 s\.\r\nv\r\n$/),
    'v\r\n',
    '{"key":"x","value":"v"}\r\n',
  ])
})

test('profile add asks for the key without showing it, and before it replaces one', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  const { cwd, child, exited, screen, shows } = terminal('cols 80 rows 24', 'profile add home http://one')
  await shows('not shown): ')
  child.stdin.write('typoo\x15the-kex\x7fy\r')
  expect(await exited).toBe(0)
  expect(screen()).not.toMatch(/typo|the-ke/)
  const config = () => JSON.parse(readFileSync(join(cwd, '.config/intent-bus/config.json'), 'utf8')).profiles
  expect(config()).toEqual({ home: { url: 'http://one', key: 'the-key' } })

  const unsure = terminal('cols 80 rows 24', 'profile add home http://two', bus.url, cwd)
  await unsure.shows('[y/N] ')
  unsure.child.stdin.write('\r')
  expect(await unsure.exited).toBe(2)
  expect(config().home.url).toBe('http://one')

  const sure = terminal('cols 80 rows 24', 'profile add home http://two', bus.url, cwd)
  await sure.shows('[y/N] ')
  sure.child.stdin.write('y\r')
  await sure.shows('not shown): ')
  sure.child.stdin.write('other\r')
  expect(await sure.exited).toBe(0)
  expect(config()).toEqual({ home: { url: 'http://two', key: 'other' } })
})

test('watch can be left while the bus gives no answer', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  let looks = 0
  const mute = createServer((incoming, outgoing) => {
    looks += 1
    if (looks > 1) return
    const headers = incoming.headers as Record<string, string>
    void fetch(bus.url + incoming.url, { headers: { 'X-Admin-Token': headers['x-admin-token']! } })
      .then(answer => answer.text())
      .then(text => outgoing.setHeader('x-intent-version', '7.61').end(text))
  })
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void mute.closeAllConnections())
  const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`
  const { child, exited } = terminal('cols 10 rows 3', 'watch --interval 0.1', url)
  while (looks < 2) await new Promise(resolve => setTimeout(resolve, 20))
  child.stdin.write('q')
  expect(await exited).toBe(0)
})

test('watch takes the whole screen, gives it back at q, and leaves nothing on it', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  await bus.master.publish()
  const { child, exited, drawn, screen } = terminal('cols 60 rows 20', 'watch --interval 0.2')
  await drawn(3)
  child.stdin.write('q')
  expect(await exited).toBe(0)
  expect(screen().startsWith('\x1b[?1049h')).toBe(true)
  expect(screen()).toContain('Intent Bus')
  expect(screen().trimEnd().endsWith('\x1b[?1049l')).toBe(true)
})
