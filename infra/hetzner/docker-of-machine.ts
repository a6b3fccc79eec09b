/** The Docker of a machine that another one may take the place of. */
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import type { DockerReady } from './docker-ready.ts'

/**
 * A provider for what runs on the machine. When the machine is replaced, all of that is replaced too: it is deleted from the old
 * machine, while that still runs, and made on the new one. To Pulumi's Docker provider alone another host would be the same Docker,
 * and the new machine would stay empty.
 *
 * @param args as `DockerHost` gives them, with the address from `ready`
 * @param ready the wait for the machine
 */
export function dockerOfMachine(
  resource: string,
  args: docker.ProviderArgs,
  ready: DockerReady,
  options: pulumi.ResourceOptions = {},
): docker.Provider {
  const more = { dependsOn: [ready], replaceOnChanges: ['host'] }
  return new docker.Provider(resource, args, pulumi.mergeOptions(options, more))
}
