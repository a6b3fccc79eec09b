/** A host that has Docker and SSH. */
import * as docker from '@pulumi/docker'
import type { Config } from '../config/of-stack.ts'
import { atHome } from './at-home.ts'
import type { DockerTarget } from './target.ts'

export function sshTarget(config: Config): DockerTarget {
  const { hostname, port, username } = new URL(config.host)
  const identity = config.sshKey === '' ? [] : ['-i', atHome(config.sshKey), '-o', 'IdentitiesOnly=yes']
  const known = config.knownHosts === '' ? [] : ['-o', `UserKnownHostsFile=${atHome(config.knownHosts)}`]
  return {
    provider: new docker.Provider('docker', {
      host: config.host,
      sshOpts: [
        ...identity,
        ...known,
        // A host that is not known is not asked about: there is nobody to answer.
        ...['-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes'],
        ...['-o', 'ConnectTimeout=20', '-o', 'ServerAliveInterval=15'],
      ],
    }),
    ssh: {
      destination: `${username}@${hostname.replace(/^\[|\]$/g, '')}`,
      options: [...(port === '' ? [] : ['-p', port]), ...identity, ...known],
    },
  }
}
