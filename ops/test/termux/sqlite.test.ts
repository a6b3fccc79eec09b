/** How a phone comes to its SQLite, with a compiler of a few lines. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Pretended, scripts } from './pretended.ts'

const GYP = 'usr/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js'
const PACKAGE = 'release/node_modules/better-sqlite3'
const CHOOSE = `
set -euo pipefail
bus_home=$HOME release=$HOME/release node_sqlite=
for name in shared/say lib/libraries lib/sqlite; do . "$TERMUX/$name.sh"; done
choose_sqlite
`

/** A release whose libraries are there, and whose SQLite is compiled by node-gyp as this script is. */
function phoneWith(gyp: string): Pretended {
  const phone = new Pretended()
  phone.write('choose.sh', CHOOSE)
  phone.write(`${PACKAGE}/deps/sqlite3/sqlite3.c`, '')
  phone.write(`../${GYP}`, gyp)
  phone.command('clang', ':')
  return phone
}

test.each([
  ['INT', 130],
  ['TERM', 143],
] as const)('SIG%s while it compiles ends the compiler, and the installation', async (signal, code) => {
  const phone = phoneWith(`
    const compiler = require('node:child_process').spawn('sleep', ['1000'])
    require('node:fs').writeFileSync(process.env.HOME + '/pid', String(compiler.pid))`)
  const session = spawn('bash', ['choose.sh'], {
    cwd: phone.home,
    env: { ...phone.env, TERMUX: scripts },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const compiler = () => Number(readFileSync(join(phone.home, 'pid'), 'utf8'))
  const runs = () => existsSync(`/proc/${compiler()}/exe`)
  onTestFinished(() => {
    session.kill('SIGKILL')
    if (runs()) process.kill(compiler(), 'SIGKILL')
  })
  let said = ''
  session.stdout.on('data', chunk => {
    said += chunk
  })
  await vi.waitUntil(() => existsSync(join(phone.home, 'pid')) && compiler() > 0, { timeout: 20_000 })
  session.kill(`SIG${signal}`)
  const [ended] = await once(session, 'close')
  expect(ended).toBe(code)
  expect(said).not.toContain('Going on')
  expect(existsSync(join(phone.home, 'release/.sqlite-driver'))).toBe(false)
  await vi.waitUntil(() => !runs(), { timeout: 20_000 })
})

test('what was compiled is there again when it was killed while the sources were left out', () => {
  const phone = phoneWith("throw new Error('compiled anew')")
  // Loads what is compiled, and nothing else.
  phone.write(
    `${PACKAGE}/index.js`,
    "module.exports = class { constructor() { if (require('node:fs').readFileSync(__dirname + '/build/Release/better_sqlite3.node', 'utf8') !== 'compiled') throw new Error() } close() {} }",
  )
  phone.write(`${PACKAGE}/.built.node`, 'compiled')
  const { code, out } = phone.run('bash choose.sh', { TERMUX: scripts })
  expect(code).toBe(0)
  expect(out).not.toContain('Compiling')
  expect(phone.read(`${PACKAGE}/build/Release/better_sqlite3.node`)).toBe('compiled')
  expect(existsSync(join(phone.home, PACKAGE, 'deps'))).toBe(false)
  expect(phone.read('release/.sqlite-driver')).toBe('better-sqlite3\n')
})

test('where neither that nor its sources are there, the libraries come again', () => {
  const phone = phoneWith('')
  phone.run(`rm -r ${PACKAGE}/deps && touch release/node_modules/.installed`)
  phone.command('npm', 'echo "$*" >> "$HOME/npm"')
  const { code, out } = phone.run('bash choose.sh', { TERMUX: scripts })
  expect(code).toBe(0)
  expect(phone.read('npm')).toMatch(/^ci --omit=dev /)
  expect(out).toContain('Going on with the SQLite inside of Node')
})

test('without room to compile it stops and says so, and does not settle for another SQLite', () => {
  const phone = phoneWith("console.error('fatal error: No space left on device'); process.exit(1)")
  const { code, out, err } = phone.run('bash choose.sh', { TERMUX: scripts })
  expect(code).toBe(1)
  expect(err).toContain('It stopped: there is no room to compile SQLite.')
  expect(out).not.toContain('Going on with the SQLite inside of Node')
  expect(existsSync(join(phone.home, 'release/.sqlite-driver'))).toBe(false)
})
