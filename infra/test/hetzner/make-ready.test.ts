/** The script of a machine's first start, with stand-ins that write down what is done to the machine. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'

const SCRIPT = fileURLToPath(new URL('../../hetzner/machine/make-ready.sh', import.meta.url))
/** What the packages bring. */
const PROGRAMS = ['docker', 'dockerd', 'unattended-upgrade']
let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-machine-'))
  mkdirSync(at('bin'))
  for (const name of ['systemctl', 'install', 'sleep', 'apt-get', ...PROGRAMS]) standIn(name)
  // What the stand-ins take; nothing else of this machine is to be had.
  for (const tool of ['grep', 'touch']) symlinkSync(installed(tool)!, at(`bin/${tool}`))
  const settings = [`DEVICE=${at('device')}`, `MOUNT=${at('mnt')}`, 'OWNER=65532', 'DIRECTORIES="a b"']
  writeFileSync(at('settings'), `${settings.join('\n')}\n`)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** @param more what it does besides being written down */
function standIn(name: string, more = ''): void {
  writeFileSync(at(`bin/${name}`), `#!/bin/sh\necho "${name} $*" >> ${at('done')}\n${more}\n`)
  chmodSync(at(`bin/${name}`), 0o755)
}

function run() {
  const { status, stderr } = spawnSync('/bin/sh', [SCRIPT], {
    env: { PATH: at('bin'), INTENT_BUS_MACHINE: at('settings') },
    encoding: 'utf8',
  })
  return { status, stderr, done: readFileSync(at('done'), 'utf8').trim().split('\n') }
}

test('mounts the volume, makes the directories on it, and only then has Docker start anew', () => {
  writeFileSync(at('device'), '')
  const { status, done } = run()
  expect(status).toBe(0)
  expect(done.map(line => line.replaceAll(at('mnt'), '/mnt/bus'))).toEqual([
    'systemctl daemon-reload',
    'systemctl enable --now mnt-bus.mount',
    'install -d -o 65532 -g 65532 -m 0700 /mnt/bus/a',
    'install -d -o 65532 -g 65532 -m 0700 /mnt/bus/b',
    'systemctl try-reload-or-restart ssh',
    'install -D -m 0644 /usr/local/share/intent-bus/docker-needs-volume.conf /etc/systemd/system/docker.service.d/needs-volume.conf',
    'systemctl daemon-reload',
    'systemctl enable --now docker no-metadata',
    'systemctl restart docker',
  ])
})

test('gets the client of Docker where it did not come along', () => {
  writeFileSync(at('device'), '')
  rmSync(at('bin/docker'))
  const { status, done } = run()
  expect(status).toBe(0)
  expect(done).toContain('apt-get install --yes docker-cli')
})

test('tries again to get the packages that the first start did not get', () => {
  writeFileSync(at('device'), '')
  for (const name of PROGRAMS) rmSync(at(`bin/${name}`))
  // As on Debian 12, where the client is no package of its own.
  const brings = PROGRAMS.map(name => `echo > ${at('bin')}/${name}; chmod +x ${at('bin')}/${name}`)
  standIn('apt-get', `[ "$1" = update ] || { ${brings.join('; ')}; }`)
  symlinkSync(installed('chmod')!, at('bin/chmod'))
  const { status, stderr, done } = run()
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(done.filter(line => line.startsWith('apt-get'))).toEqual([
    'apt-get update',
    'apt-get install --yes docker.io unattended-upgrades',
  ])
})

test('does not end well when they cannot be had', () => {
  writeFileSync(at('device'), '')
  rmSync(at('bin/unattended-upgrade'))
  standIn('apt-get', 'exit 100')
  const { status, done } = run()
  expect(status).toBe(100)
  expect(done.at(-1)).toBe('apt-get update')
})

test('waits for a volume that is attached later', () => {
  standIn('sleep', `[ "$(grep -c sleep ${at('done')})" -lt 3 ] || touch ${at('device')}`)
  const { status, done } = run()
  expect(status).toBe(0)
  expect(done.filter(line => line === 'sleep 1')).toHaveLength(3)
})

test('gives up after five minutes, with nothing done, and says what is missing', () => {
  const { status, stderr, done } = run()
  expect(status).toBe(1)
  expect(stderr).toContain(`${at('device')} was not attached within 300 s`)
  expect(new Set(done)).toEqual(new Set(['sleep 1']))
})

test('makes no directory on the machine itself when the volume cannot be mounted', () => {
  writeFileSync(at('device'), '')
  standIn('systemctl', '[ "$1" != enable ]')
  const { status, done } = run()
  expect(status).not.toBe(0)
  expect(done.at(-1)).toBe('systemctl enable --now mnt-bus.mount')
})
