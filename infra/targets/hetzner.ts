/** A machine made at Hetzner, with Docker. */
import { existsSync, readFileSync } from 'node:fs'
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { DEPLOYMENT } from '../../ops/deployment.ts'
import type { Config } from '../config/of-stack.ts'
import { DockerHost } from '../hetzner/docker-host.ts'
import { atHome } from './at-home.ts'
import type { DockerTarget } from './target.ts'

/** What lies on the volume: with these two another machine is the same bus. The rest is made anew, or can be spared. */
const ON_THE_VOLUME = ['bus-data', 'bus-secrets'] as const

export function hetznerHost(config: Config): DockerTarget {
  const identityFile = config.sshKey === '' ? undefined : atHome(config.sshKey)
  const host = new DockerHost('host', {
    name: config.name,
    location: config.location,
    serverType: config.serverType,
    image: config.serverImage,
    volumeSize: config.volumeSize,
    ...(config.volumeId === '' ? {} : { volumeId: Number(config.volumeId) }),
    ...(config.sshKeyName === ''
      ? { sshPublicKey: publicKeyOf(identityFile ?? atHome('~/.ssh/id_ed25519')) }
      : { sshKeyName: config.sshKeyName }),
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(config.sshFrom === '' ? {} : { sshFrom: config.sshFrom.split(',') }),
    ...(config.domain === '' ? {} : { https: { httpPort: config.httpPort, httpsPort: config.httpsPort } }),
    backups: config.backups,
    deleteData: config.deleteData,
    directories: ON_THE_VOLUME,
    owner: DEPLOYMENT.user,
  })
  return {
    provider: new docker.Provider('docker', host.provider, { dependsOn: [host.ready] }),
    directory: volume => (isOneOf(ON_THE_VOLUME, volume) ? host.directory(volume) : undefined),
    ssh: {
      destination: pulumi.interpolate`root@${host.address}`,
      options: [
        ...(identityFile === undefined ? [] : ['-i', identityFile]),
        // A person's first connection is held to the host key too.
        ...['-o', 'StrictHostKeyChecking=yes', '-o', host.knownHostsCommand],
      ],
    },
    outputs: { address: host.address, volumeId: host.volumeId, knownHosts: host.knownHosts },
  }
}

/** @throws {pulumi.RunError} that says how to make one */
function publicKeyOf(privateKey: string): string {
  const path = `${privateKey}.pub`
  if (!existsSync(path)) {
    throw new pulumi.RunError(
      `sshKey: there is no ${path}. Make a key by \`ssh-keygen -t ed25519\`, set sshKey to another one, or sshKeyName to one that the project at Hetzner has.`,
    )
  }
  return readFileSync(path, 'utf8').trim()
}

const isOneOf = <Name extends string>(names: readonly Name[], name: string): name is Name =>
  (names as readonly string[]).includes(name)
