/** A machine at Hetzner that runs Docker, as a component for this program and for yours. */
import type * as docker from '@pulumi/docker'
import * as hcloud from '@pulumi/hcloud'
import * as pulumi from '@pulumi/pulumi'
import { mapped } from '../components/inputs.ts'
import { cloudConfig, directoryOf, MAKE_READY, MOUNT } from './cloud-config.ts'
import { DockerReady } from './docker-ready.ts'
import { HostKey } from './host-key.ts'
import { knownHostsCommand, knownHostsLine, sshOptions } from './ssh-options.ts'

/** Plain is what decides what is made at all: whether there is a `volumeId`, an `sshKeyName` or `https`, and `deleteData`. */
export type DockerHostArgs = {
  /** What server, volume, firewall and key are called, or begin with. The volume keeps the one that it was made with. */
  name: pulumi.Input<string>
  /** `nbg1`, `fsn1`, `hel1`, `ash`, `hil` or `sin`. It counts when the volume is made. */
  location: pulumi.Input<string>
  /** `cx23`, `cax11`, …: not every location has every type. */
  serverType: pulumi.Input<string>
  /** Debian 12 or newer, or Ubuntu 24.04 or newer, which have Docker in their own archive. */
  image: pulumi.Input<string>
  /** Gigabytes, 10 to 10240: it can grow. */
  volumeSize: pulumi.Input<number>
  /** Of a volume that is there already, with data from before; it is used and never deleted. Another one makes another machine. */
  volumeId?: pulumi.Input<number>
  /** `ssh-ed25519 AAAA…`; not both this and `sshKeyName`. */
  sshPublicKey?: pulumi.Input<string>
  /** Of a key that the project has already: Hetzner takes no key twice. */
  sshKeyName?: pulumi.Input<string>
  /** The private half, on the machine where `pulumi` runs; ssh's own choice unless given. */
  identityFile?: pulumi.Input<string>
  /** Networks that may speak to SSH: `['203.0.113.0/24']`; all of them, unless given. */
  sshFrom?: pulumi.Input<readonly pulumi.Input<string>[]>
  /** Ports that are open to everybody, for Caddy; none of them unless given. */
  https?: { httpPort: pulumi.Input<number>; httpsPort: pulumi.Input<number> }
  /** Hetzner's daily backups of the server's own disk. The volume is not in them. */
  backups: pulumi.Input<boolean>
  /** Whether the volume goes with the stack; otherwise it stays, and Hetzner refuses to delete it. */
  deleteData: boolean
  /** Directories to make on the volume. */
  directories: pulumi.Input<readonly pulumi.Input<string>[]>
  /** uid and gid that they belong to. */
  owner: pulumi.Input<number>
}

const EVERYWHERE = ['0.0.0.0/0', '::/0']

/**
 * Server, volume, firewall and host key. `provider` is for a `docker.Provider`: it is known when the machine has finished its first
 * start, so whatever uses it waits for that. When the machine is replaced, Pulumi believes what ran there to be on the new one, until
 * `pulumi up --refresh` looks.
 */
export class DockerHost extends pulumi.ComponentResource {
  /** IPv4. */
  readonly address: pulumi.Output<string>
  readonly volumeId: pulumi.Output<number>
  /** A line for `~/.ssh/known_hosts`. */
  readonly knownHosts: pulumi.Output<string>
  /** For `-o` of ssh: which key the machine has. */
  readonly knownHostsCommand: pulumi.Output<string>
  /** `host` and `sshOpts`. */
  readonly provider: docker.ProviderArgs
  readonly ready: DockerReady

  /** @param resource what Pulumi knows its resources by: for the life of the stack, where `name` may change */
  constructor(resource: string, args: DockerHostArgs, options: pulumi.ComponentResourceOptions = {}) {
    super('intent-bus:hetzner:DockerHost', resource, {}, options)
    const { name } = args
    const inside = { parent: this }
    const labels = { 'managed-by': 'pulumi', app: name }

    const hostKey = new HostKey(`${resource}-host-key`, inside)
    const volume = dataVolume(resource, args, labels, inside)
    const firewall = new hcloud.Firewall(
      `${resource}-firewall`,
      { name, labels, rules: rulesOf(args) },
      inside,
    )
    const sshKey =
      args.sshKeyName ??
      new hcloud.SshKey(`${resource}-ssh-key`, { name, labels, publicKey: args.sshPublicKey! }, inside).id

    const userData = pulumi
      .output({
        hostPrivateKey: hostKey.privateKey,
        hostPublicKey: hostKey.publicKey,
        volumeId: volume.id.apply(Number),
        directories: args.directories,
        owner: args.owner,
      })
      .apply(cloudConfig)
    const server = new hcloud.Server(
      `${resource}-server`,
      {
        name,
        labels: { ...labels, volume: volume.id },
        serverType: args.serverType,
        image: args.image,
        // Where the volume is: it can be mounted nowhere else.
        location: volume.location,
        publicNets: [{ ipv4Enabled: true, ipv6Enabled: true }],
        sshKeys: [sshKey],
        firewallIds: [firewall.id.apply(Number)],
        backups: args.backups,
        userData: pulumi.secret(userData),
        // The file system is unmounted.
        shutdownBeforeDeletion: true,
      },
      {
        ...inside,
        // A volume is attached to one server, and a name is taken once.
        deleteBeforeReplace: true,
        // Both count at the first start alone, and a change would make another machine for nothing.
        ignoreChanges: ['userData', 'sshKeys'],
        // Its mount, too, is told at the first start.
        replaceOnChanges: ['labels.volume'],
      },
    )
    const attachment = new hcloud.VolumeAttachment(
      `${resource}-attachment`,
      { serverId: server.id.apply(Number), volumeId: volume.id.apply(Number), automount: false },
      // What depends on a server is deleted before it, and the volume would be pulled from a machine that has it mounted. Hetzner
      // detaches it when the server is deleted, which is shut down by then.
      { ...inside, deleteBeforeReplace: true, retainOnDelete: true },
    )
    this.ready = new DockerReady(
      `${resource}-ready`,
      {
        address: server.ipv4Address,
        hostKey: hostKey.publicKey,
        machine: server.id,
        mount: MOUNT,
        makeReady: MAKE_READY,
        ...(args.identityFile === undefined ? {} : { identityFile: args.identityFile }),
      },
      { ...inside, dependsOn: [attachment] },
    )

    this.address = this.ready.address
    this.volumeId = volume.id.apply(Number)
    this.knownHosts = pulumi
      .all([this.address, hostKey.publicKey])
      .apply(([address, key]) => knownHostsLine({ address, hostKey: key }))
    this.knownHostsCommand = hostKey.publicKey.apply(knownHostsCommand)
    const identity = args.identityFile === undefined ? {} : { identityFile: args.identityFile }
    this.provider = {
      host: pulumi.interpolate`ssh://root@${this.address}`,
      sshOpts: pulumi.output({ hostKey: hostKey.publicKey, ...identity }).apply(sshOptions),
    }
    this.registerOutputs({
      address: this.address,
      volumeId: this.volumeId,
      knownHosts: this.knownHosts,
    })
  }

  /** Where a directory of `directories` lies on the machine. */
  directory(name: string): string {
    return directoryOf(name)
  }
}

function dataVolume(
  resource: string,
  args: DockerHostArgs,
  labels: Record<string, pulumi.Input<string>>,
  inside: pulumi.CustomResourceOptions,
): hcloud.Volume {
  const { name, volumeId, deleteData } = args
  // By the same name: of the volume that this stack made, Pulumi lets go then. It would delete it, if it left the program.
  if (volumeId !== undefined)
    return hcloud.Volume.get(`${resource}-volume`, mapped(volumeId, String), {}, inside)
  return new hcloud.Volume(
    `${resource}-volume`,
    {
      name: mapped(name, name => `${name}-data`),
      labels,
      size: args.volumeSize,
      location: args.location,
      format: 'ext4',
      deleteProtection: !deleteData,
    },
    // Nothing replaces it: only its size and its protection can change.
    { ...inside, retainOnDelete: !deleteData, ignoreChanges: ['location', 'format', 'name'] },
  )
}

function rulesOf({ sshFrom, https }: DockerHostArgs) {
  const rule = (
    port: pulumi.Input<number>,
    sourceIps: pulumi.Input<readonly pulumi.Input<string>[]>,
    description: string,
  ) => ({
    ...{ direction: 'in', protocol: 'tcp', port: mapped(port, String), description },
    sourceIps: mapped(sourceIps, ips => [...ips]),
  })
  return [
    rule(22, sshFrom ?? EVERYWHERE, 'SSH'),
    ...(https === undefined
      ? []
      : [
          rule(https.httpPort, EVERYWHERE, 'HTTP, which Caddy sends on to HTTPS'),
          rule(https.httpsPort, EVERYWHERE, 'HTTPS'),
        ]),
  ]
}
