/** The Docker of this machine. */
import * as docker from '@pulumi/docker'
import type { Config } from '../config/of-stack.ts'
import type { DockerTarget } from './target.ts'

/** Where Docker listens, unless `host` or the environment says otherwise. */
const SOCKET = 'unix:///var/run/docker.sock'

export function localTarget(config: Config): DockerTarget {
  const host = config.host || process.env['DOCKER_HOST'] || SOCKET
  return {
    provider: new docker.Provider('docker', { host }),
    ...(config.host === '' ? {} : { socket: config.host }),
  }
}
