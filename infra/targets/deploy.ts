/** Which target is which. */
import type { Config } from '../config/of-stack.ts'
import { deployOnDocker, type Outputs } from './docker.ts'
import { hetznerHost } from './hetzner.ts'
import { localTarget } from './local.ts'
import { renderTarget } from './render.ts'
import { sshTarget } from './ssh.ts'

/** Makes everything. @returns what `pulumi stack output` shows */
export function deploy(config: Config): Outputs {
  switch (config.target) {
    case 'local':
      return deployOnDocker(config, localTarget(config))
    case 'ssh':
      return deployOnDocker(config, sshTarget(config))
    case 'hetzner':
      return deployOnDocker(config, hetznerHost(config))
    case 'render':
      return renderTarget(config)
  }
}
