/** The wait for a new machine, against a real sshd here; what runs on it are stand-ins for cloud-init, Docker and mountpoint. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { type DockerReadyInputs, dockerReadyProvider } from '../../hetzner/docker-ready.ts'
import { makeHostKey } from '../../hetzner/host-key.ts'
import { revive, sourceOf } from '../revived.ts'

const SSHD = installed('sshd') ?? ['/usr/sbin/sshd'].find(existsSync)
const reason = whyNot()
const provider =
  reason === null ? revive<typeof dockerReadyProvider>(await sourceOf(() => dockerReadyProvider)) : null!

function whyNot(): string | null {
  if (SSHD === undefined) return 'sshd is not installed'
  if (installed('ssh') === undefined) return 'ssh is not installed'
  return process.getuid?.() === 0 ? null : 'sshd takes root to let root in'
}

const hostKey = makeHostKey()
const ourKey = makeHostKey()
let folder: string
let port: number
let sshd: ChildProcess | undefined

const at = (...names: string[]) => join(folder, ...names)
/** A program on the machine. */
const program = (name: string, script: string) => {
  writeFileSync(at('bin', name), `#!/bin/sh\n${script}\n`)
  chmodSync(at('bin', name), 0o755)
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bus-sshd-'))
  chmodSync(folder, 0o755)
  mkdirSync(at('bin'))
  writeFileSync(at('host-key'), hostKey.privateKey, { mode: 0o600 })
  writeFileSync(at('our-key'), ourKey.privateKey, { mode: 0o600 })
  writeFileSync(at('authorized'), `${ourKey.publicKey}\n`, { mode: 0o600 })
  program('cloud-init', 'exit 0')
  program('mountpoint', '[ "$2" = /mnt/bus ]')
  program('docker', 'echo 26.1.5')
  port = await freePort()
})
afterEach(async () => {
  if (sshd !== undefined && sshd.exitCode === null) {
    const ended = once(sshd, 'exit')
    sshd.kill()
    await ended
  }
  sshd = undefined
  rmSync(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

function startSshd(): void {
  writeFileSync(
    at('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${at('host-key')}`,
      `AuthorizedKeysFile ${at('authorized')}`,
      `PidFile ${at('pid')}`,
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      `SetEnv PATH=${at('bin')}:/usr/bin:/bin`,
    ].join('\n'),
  )
  // Its own directory, which a container has not.
  mkdirSync('/run/sshd', { recursive: true })
  sshd = spawn(SSHD!, ['-D', '-f', at('sshd_config'), '-E', at('log')], { stdio: 'ignore' })
}

const inputs = (more: Partial<DockerReadyInputs> = {}): DockerReadyInputs => ({
  address: '127.0.0.1',
  port,
  hostKey: hostKey.publicKey,
  identityFile: at('our-key'),
  user: userInfo().username,
  mount: '/mnt/bus',
  machine: '4711',
  seconds: 60,
  pauseSeconds: 0.1,
  patienceSeconds: 0,
  ...more,
})

describe.skipIf(reason !== null)(
  `the wait for a machine${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    test('begins before it listens, and ends with the version of its Docker', async () => {
      const waiting = provider.create(inputs())
      startSshd()
      expect(await waiting).toMatchObject({ id: '4711', outs: { docker: '26.1.5', address: '127.0.0.1' } })
    })

    test('ends only when the first start has ended', async () => {
      program('cloud-init', `[ "$1 $2" = "status --wait" ] && read -r line < ${at('gate')}`)
      execFileSync('mkfifo', [at('gate')])
      program('docker', `[ -e ${at('finished')} ] && echo 26.1.5`)
      startSshd()
      const waiting = provider.create(inputs())
      // Opened when cloud-init reads, and no sooner.
      const gate = spawn('sh', ['-c', `touch ${at('finished')}; echo over > ${at('gate')}`])
      await once(gate, 'exit')
      expect((await waiting).outs!.docker).toBe('26.1.5')
    })

    test('takes a start at which something was frowned upon for one that ended well', async () => {
      program('cloud-init', 'exit 2')
      startSshd()
      expect((await provider.create(inputs())).outs!.docker).toBe('26.1.5')
    })

    test.each([
      [
        'cloud-init',
        '[ "$2" = --long ] && echo "detail: the volume was not attached"; exit 1',
        'the volume was not attached',
      ],
      ['mountpoint', 'exit 1', 'nothing is mounted on /mnt/bus'],
      [
        'docker',
        'echo "Cannot connect to the Docker daemon" >&2; exit 1',
        'Cannot connect to the Docker daemon',
      ],
    ])('says so at once when %s does not end well', async (name, script, said) => {
      program(name, script)
      startSshd()
      const waiting = provider.create(inputs())
      await expect(waiting).rejects.toThrow('The first start of 127.0.0.1 did not end well')
      await expect(waiting).rejects.toThrow(said)
    })

    test('makes up for a first start that did not end well, each time that it is asked', async () => {
      program('cloud-init', '[ "$2" = --long ] && echo "detail: a mirror failed"; exit 1')
      program('mountpoint', `[ -e ${at('mended')} ]`)
      program('again', `echo "the mirror fails still"; [ -e ${at('mirror')} ] && touch ${at('mended')}`)
      startSshd()
      const machine = inputs({ makeReady: at('bin', 'again') })
      const waiting = provider.create(machine)
      await expect(waiting).rejects.toThrow(/the mirror fails still[\s\S]*a mirror failed/)
      await expect(waiting).rejects.toThrow('`pulumi up` tries again')
      writeFileSync(at('mirror'), '')
      expect((await provider.create(machine)).outs!.docker).toBe('26.1.5')
    })

    test('does nothing to a machine whose first start ended well', async () => {
      program('again', `touch ${at('done-again')}`)
      startSshd()
      await provider.create(inputs({ makeReady: at('bin', 'again') }))
      expect(existsSync(at('done-again'))).toBe(false)
    })

    test('speaks to no machine with another host key', async () => {
      program('cloud-init', `touch ${at('reached')}`)
      startSshd()
      const waiting = provider.create(inputs({ hostKey: makeHostKey().publicKey }))
      await expect(waiting).rejects.toThrow('has another host key than the one made for it')
      expect(existsSync(at('reached'))).toBe(false)
    })

    test('has patience with a machine that shows its own key only later', async () => {
      const other = makeHostKey()
      writeFileSync(at('host-key'), other.privateKey, { mode: 0o600 })
      startSshd()
      const waiting = provider.create(inputs({ patienceSeconds: 60 }))
      await turnedAway()
      writeFileSync(at('host-key'), hostKey.privateKey, { mode: 0o600 })
      sshd!.kill('SIGHUP')
      expect((await waiting).outs!.docker).toBe('26.1.5')
    })

    test('names the setting when the machine does not take our key', async () => {
      writeFileSync(at('authorized'), `${makeHostKey().publicKey}\n`)
      startSshd()
      await expect(provider.create(inputs())).rejects.toThrow('set sshKey to the private half')
    })

    test('ends when time is up, with what was said last', async () => {
      await expect(provider.create(inputs({ seconds: 2 }))).rejects.toThrow(
        /^127\.0\.0\.1 was not ready within 2 s\. At last: .*Connection refused/,
      )
    })

    test('tells a first start that does not end from a machine that does not answer', async () => {
      program('cloud-init', 'sleep 20')
      startSshd()
      await expect(provider.create(inputs({ seconds: 10 }))).rejects.toThrow(
        '127.0.0.1 was not ready within 10 s. At last: its first start was not over',
      )
    })
  },
)

/** Until somebody has gone before he had said who he is: by then the wait has met the wrong key. */
async function turnedAway(): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(existsSync(at('log')) && readFileSync(at('log'), 'utf8').includes('[preauth]'))) {
    if (performance.now() > deadline) throw new Error('nobody was turned away')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('another machine is waited for anew, another way to the key is not', async () => {
  const olds = { ...inputs(), docker: '26.1.5' }
  const diff = (more: Partial<DockerReadyInputs>) => dockerReadyProvider.diff!('4711', olds, inputs(more))
  expect(await diff({})).toMatchObject({ changes: false, replaces: [] })
  expect(await diff({ identityFile: '/elsewhere', seconds: 1 })).toMatchObject({ changes: false })
  expect(await diff({ machine: '4712' })).toMatchObject({ changes: true, replaces: ['machine'] })
})
