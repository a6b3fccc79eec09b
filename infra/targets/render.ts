/** A web service at Render. */
import * as pulumi from '@pulumi/pulumi'
import type { Config } from '../config/of-stack.ts'
import type { Outputs } from './docker.ts'

export function renderTarget(_config: Config): Outputs {
  throw new pulumi.RunError('The target render is not there yet.')
}
