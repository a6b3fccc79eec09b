/** A machine made at Hetzner, with Docker. */
import * as pulumi from '@pulumi/pulumi'
import type { Config } from '../config/of-stack.ts'
import type { DockerTarget } from './target.ts'

export function hetznerHost(_config: Config): DockerTarget {
  throw new pulumi.RunError('The target hetzner is not there yet.')
}
