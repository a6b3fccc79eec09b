/** In a terminal, which `script` of util-linux stands in for. Without it the test is skipped, and says so. */
import { execFileSync, spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { ADMIN_TOKEN, busForFile, MASTER } from '../../../service/test/support/bus.ts'
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

test('watch takes the whole screen, gives it back at q, and leaves nothing on it', async ctx => {
  if (!has('script')) ctx.skip('script (util-linux) is not installed')
  await bus.master.publish()
  const cwd = emptyDir()
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: cwd,
    TERM: 'xterm',
    BUS_URL: bus.url,
    BUS_API_KEY: MASTER,
    BUS_ADMIN_TOKEN: ADMIN_TOKEN,
  }
  const command = `stty cols 60 rows 20; '${process.execPath}' '${COMMAND}' watch --interval 0.2`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void terminal.kill('SIGKILL'))
  let screen = ''
  terminal.stdout.setEncoding('utf8').on('data', chunk => {
    screen += chunk
  })
  const exited = new Promise(resolve => terminal.on('close', resolve))
  while (screen.split('\x1b[H').length < 4) await new Promise(resolve => setTimeout(resolve, 20))
  terminal.stdin.write('q')
  expect(await exited).toBe(0)
  expect(screen.startsWith('\x1b[?1049h')).toBe(true)
  expect(screen).toContain('Intent Bus')
  expect(screen.trimEnd().endsWith('\x1b[?1049l')).toBe(true)
})
