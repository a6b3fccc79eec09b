/**
 * What a new machine does by itself at its first start: mount the data, install Docker, take the host key that was made for it. As
 * JSON, which is YAML, so that nothing has to be escaped twice.
 */
import { readFileSync } from 'node:fs'

/** Where the volume is mounted. Without a dash: a unit's name would have to escape it. */
export const MOUNT = '/mnt/bus'

/** The command on the machine that makes it ready, which may be run again. */
export const MAKE_READY = '/usr/local/sbin/intent-bus-machine'

export type MachineArgs = {
  /** OpenSSH's form, with its newline. */
  hostPrivateKey: string
  /** `ssh-ed25519 AAAA…` */
  hostPublicKey: string
  /** Hetzner's number of the volume. */
  volumeId: number
  /** Directories on the volume. */
  directories: readonly string[]
  /** uid and gid that they belong to. */
  owner: number
}

/** A directory on the volume. */
export const directoryOf = (name: string): string => `${MOUNT}/${name}`

/** As Hetzner names the device of a volume. */
const deviceOf = (volumeId: number): string => `/dev/disk/by-id/scsi-0HC_Volume_${volumeId}`

const file = (name: string): string => readFileSync(new URL(`./machine/${name}`, import.meta.url), 'utf8')

/** @returns `user_data` of the server: cloud-config, of at most 32 KiB */
export function cloudConfig(machine: MachineArgs): string {
  const { hostPrivateKey, hostPublicKey, volumeId, directories, owner } = machine
  const settings = [
    `DEVICE=${deviceOf(volumeId)}`,
    `MOUNT=${MOUNT}`,
    `OWNER=${owner}`,
    `DIRECTORIES="${directories.join(' ')}"`,
  ]
  const config = {
    // The key that the first connection is held to; no other is made.
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostPrivateKey, ed25519_public: `${hostPublicKey}\n` },
    ssh_pwauth: false,
    disable_root: false,
    package_update: true,
    packages: ['docker.io', 'unattended-upgrades'],
    write_files: [
      written('/etc/ssh/sshd_config.d/10-intent-bus.conf', file('sshd.conf')),
      written('/etc/docker/daemon.json', file('docker-daemon.json')),
      written(
        '/etc/systemd/system/mnt-bus.mount',
        file('mnt-bus.mount').replace('@DEVICE@', deviceOf(volumeId)),
      ),
      written('/etc/systemd/system/no-metadata.service', file('no-metadata.service')),
      // Put into its place when the volume is there: Docker is started by its installation, and must not wait for it.
      written('/usr/local/share/intent-bus/docker-needs-volume.conf', file('docker-needs-volume.conf')),
      written('/etc/intent-bus-machine', `${settings.join('\n')}\n`),
      { ...written(MAKE_READY, file('make-ready.sh')), permissions: '0755' },
    ],
    // One command, whose failure is the failure of the start.
    runcmd: [[MAKE_READY]],
  }
  return `#cloud-config\n${JSON.stringify(config, null, 1)}\n`
}

function written(path: string, content: string) {
  return { path, content, owner: 'root:root', permissions: '0644' }
}
