/** In the image's build, and on a phone: starts the bus once, so that its compiled code is kept, and stops it again. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const dir = mkdtempSync(join(tmpdir(), 'warm-'))
const bus = spawn(process.execPath, ['service/launch.js'], {
  env: { ...process.env, HOST: '127.0.0.1', PORT: '0', BUS_DB_PATH: join(dir, 'bus.db') },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let said = ''
bus.stdout.on('data', chunk => {
  said += chunk
  if (said.includes('is ready')) bus.kill('SIGTERM')
})
bus.on('exit', code => {
  rmSync(dir, { recursive: true })
  if (code !== 0) process.stderr.write(`the bus did not start and stop:\n${said}`)
  process.exit(code === 0 ? 0 : 1)
})
