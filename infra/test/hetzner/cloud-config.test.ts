import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { installed } from '../../../service/test/support/installed.ts'
import { cloudConfig, directoryOf, MOUNT } from '../../hetzner/cloud-config.ts'
import { makeHostKey } from '../../hetzner/host-key.ts'

const { privateKey, publicKey } = makeHostKey()
const text = cloudConfig({
  hostPrivateKey: privateKey,
  hostPublicKey: publicKey,
  volumeId: 815,
  directories: ['bus-data', 'bus-secrets'],
  owner: 65532,
})
type Written = { path: string; content: string; permissions: string; owner: string }
const config = JSON.parse(text.replace(/^#cloud-config\n/, '')) as Record<string, unknown> & {
  write_files: Written[]
}
const file = (path: string) => config.write_files.find(each => each.path === path)!.content

const folder = mkdtempSync(join(tmpdir(), 'bus-cloud-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const onDisk = (name: string, content: string): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('begins as cloud-init wants it, and is not too long for Hetzner', () => {
  expect(text.startsWith('#cloud-config\n')).toBe(true)
  expect(Buffer.byteLength(text)).toBeLessThan(32 * 1024)
})

const cloudInit = installed('cloud-init') !== undefined
test.skipIf(!cloudInit)(
  `is what cloud-init's own schema takes${cloudInit ? '' : ' (skipped: cloud-init is not installed)'}`,
  () => {
    const check = (content: string) =>
      execFileSync('cloud-init', ['schema', '--config-file', onDisk('user-data', content)], {
        stdio: 'pipe',
        encoding: 'utf8',
      })
    expect(check(text)).toContain('Valid cloud-config')
    expect(() => check(text.replace('"packages": [', '"packages": [7, '))).toThrow('packages')
  },
)

test('sets the host key that was made, and makes no other', () => {
  expect(config).toMatchObject({
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: privateKey, ed25519_public: `${publicKey}\n` },
    ssh_pwauth: false,
  })
})

test('lets Docker connect many times at once', () => {
  const sshd = file('/etc/ssh/sshd_config.d/10-intent-bus.conf')
  const [start] = /(?<=^MaxStartups )\d+/m.exec(sshd)!
  expect(Number(start)).toBeGreaterThan(30)
  expect(sshd).toMatch(/^PasswordAuthentication no$/m)
})

test('puts the whole start of the machine into one command, whose end is seen', () => {
  expect(config['runcmd']).toEqual([['/usr/local/sbin/intent-bus-machine']])
  const script = config.write_files.find(({ path }) => path === '/usr/local/sbin/intent-bus-machine')!
  expect(script.permissions).toBe('0755')
  expect(script.content).toMatch(/^set -eu$/m)
})

test('writes every file that is there to be written', () => {
  const machine = new URL('../../hetzner/machine/', import.meta.url)
  const kept = readdirSync(machine).map(name =>
    readFileSync(new URL(name, machine), 'utf8').replace('@DEVICE@', '/dev/disk/by-id/scsi-0HC_Volume_815'),
  )
  const written = config.write_files.filter(({ path }) => path !== '/etc/intent-bus-machine')
  expect(written.map(({ content }) => content).sort()).toEqual(kept.sort())
  expect(text).not.toMatch(/@[A-Z]+@/)
})

describe('the data', () => {
  const unit = file('/etc/systemd/system/mnt-bus.mount')

  test('is mounted from the volume, by its number', () => {
    expect(unit).toContain('What=/dev/disk/by-id/scsi-0HC_Volume_815\n')
    expect(unit).toContain(`Where=${MOUNT}\n`)
    // A mount unit has to be named for its place.
    expect(`${MOUNT.slice(1).replaceAll('/', '-')}.mount`).toBe('mnt-bus.mount')
    expect(directoryOf('bus-data')).toBe('/mnt/bus/bus-data')
  })

  test('is there before Docker, at every start', () => {
    expect(file('/usr/local/share/intent-bus/docker-needs-volume.conf')).toContain(
      `RequiresMountsFor=${MOUNT}\n`,
    )
  })

  test('belongs to the user of the image', () => {
    expect(file('/etc/intent-bus-machine')).toBe(
      'DEVICE=/dev/disk/by-id/scsi-0HC_Volume_815\nMOUNT=/mnt/bus\nOWNER=65532\nDIRECTORIES="bus-data bus-secrets"\n',
    )
  })

  const systemd = installed('systemd-analyze') !== undefined
  test.skipIf(!systemd)(
    `and the units are what systemd takes${systemd ? '' : ' (skipped: systemd-analyze is not installed)'}`,
    () => {
      const units = ['mnt-bus.mount', 'no-metadata.service'].map(name =>
        onDisk(name, file(`/etc/systemd/system/${name}`).replace('/usr/sbin/iptables', '/bin/true')),
      )
      const complaints = units.flatMap(path => {
        const { stderr } = verified(path)
        return stderr.split('\n').filter(line => line.includes(folder))
      })
      expect(complaints).toEqual([])
      const wrong = onDisk('mnt-wrong.mount', file('/etc/systemd/system/mnt-bus.mount'))
      expect(verified(wrong).stderr).toContain('Where= setting')
    },
  )
})

function verified(path: string): { stderr: string } {
  try {
    execFileSync('systemd-analyze', ['verify', '--man=no', path], { stdio: ['ignore', 'pipe', 'pipe'] })
    return { stderr: '' }
  } catch (error) {
    return { stderr: `${(error as { stderr: Buffer }).stderr}` }
  }
}

const shellcheck = installed('shellcheck') !== undefined
test.skipIf(!shellcheck)(
  `shellcheck has nothing to say of the script${shellcheck ? '' : ' (skipped: it is not installed)'}`,
  () => {
    const path = onDisk('make-ready.sh', file('/usr/local/sbin/intent-bus-machine'))
    execFileSync('shellcheck', ['--exclude=SC1090', path])
  },
)

test('no container can ask for what the machine was told', () => {
  const unit = file('/etc/systemd/system/no-metadata.service')
  expect(unit).toContain('--insert DOCKER-USER --destination 169.254.169.254 --jump REJECT')
  expect(file('/usr/local/sbin/intent-bus-machine')).toContain('systemctl enable --now docker no-metadata')
})
