/** What docs/on-a-server.md puts on a server, with the real programs: systemd's checker, strace. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { installed } from '../../service/test/support/installed.ts'
import { root } from '../../service/test/support/root.ts'

const run = promisify(execFile)

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'on-a-server-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The unit as it is, but for where the clone is. */
function unitHere(name: string): string {
  const path = join(folder(), name.split('/').at(-1)!)
  const text = readFileSync(join(root, name), 'utf8')
  writeFileSync(path, text.replaceAll('/opt/intent-bus', root))
  return path
}

describe.skipIf(installed('systemd-analyze') === undefined)('the units', () => {
  test.each(['ops/server/intent-bus.service', 'clients/shell/intent-bus-worker.service'])(
    '%s has nothing that systemd does not know',
    async name => {
      const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unitHere(name)])
      expect(stdout + stderr).toBe('')
    },
  )

  test('systemd still finds the unit of a worker where `systemctl enable` was given it', () => {
    const host = folder()
    const clone = join(host, 'opt/intent-bus')
    for (const place of ['ops/workers', 'clients/shell']) {
      cpSync(join(root, place), join(clone, place), { recursive: true, verbatimSymlinks: true })
    }
    const wanted = join(host, 'etc/systemd/system/multi-user.target.wants')
    mkdirSync(wanted, { recursive: true })
    const unit = 'intent-bus-worker.service'
    for (const linked of [join(wanted, '..'), wanted]) {
      symlinkSync(join('/opt/intent-bus/ops/workers', unit), join(linked, unit))
    }
    const state = execFileSync('systemctl', [`--root=${host}`, 'is-enabled', unit], { encoding: 'utf8' })
    expect(state).toBe('enabled\n')
  })

  test('the bus makes no system call that its unit forbids', async () => {
    if (installed('strace') === undefined) throw new Error('strace is not installed')
    const { stdout } = await run('systemd-analyze', ['syscall-filter', '@system-service'])
    // A set names calls and other sets.
    const allowed = new Set<string>()
    const add = (listing: string): void => {
      for (const name of listing.match(/^ {4}[@\w-]+$/gm)!.map(line => line.trim())) {
        if (!name.startsWith('@')) allowed.add(name)
        else add(execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8' }))
      }
    }
    add(stdout)
    expect(allowed.size).toBeGreaterThan(200)

    const dir = folder()
    const trace = join(dir, 'calls')
    const bus = spawn(
      'strace',
      ['-f', '-c', '-o', trace, join(root, 'node_modules/.bin/node'), join(root, 'service/launch.js')],
      { cwd: dir, env: { ...process.env, PORT: '0', BUS_DB_PATH: join(dir, 'bus.db') } },
    )
    let said = ''
    bus.stdout.on('data', chunk => {
      said += chunk
    })
    await vi.waitUntil(() => said.includes('ready'), { timeout: 60_000 })
    const ended = new Promise(resolve => bus.on('close', resolve))
    bus.kill('SIGINT')
    await run('pkill', ['-TERM', '-P', `${bus.pid}`]).catch(() => undefined)
    await ended
    const made = [...readFileSync(trace, 'utf8').matchAll(/^ *[\d.]+ .* (\w+)$/gm)].map(([, name]) => name!)
    const forbidden = made.filter(name => !allowed.has(name) && name !== 'total')
    expect(made.length).toBeGreaterThan(20)
    expect(forbidden).toEqual([])
  })
})
