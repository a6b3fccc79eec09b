/** A container as docker-compose.yml has them all: it can do as little as possible, is limited, and stops in its own time. */
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { mebibytesOf } from '../config/kinds.ts'

export type Limits = {
  /** Cores: `0.5`. */
  cpus: string
  /** `512M`, `2G`: what Docker calls megabytes, which are mebibytes. Swap may come to the same again, as is Docker's default. */
  memory: string
}

export type HardenedArgs = Omit<
  docker.ContainerArgs,
  'memory' | 'memorySwap' | 'cpus' | 'privileged' | 'envs' | 'capabilities' | 'networksAdvanced' | 'ulimits'
> & {
  /** As a number: an image's own word for it could be root. */
  user: string
  limits: Limits
  /** No secret: `docker inspect` shows them to all who may ask it. */
  environment?: Record<string, string>
  /** Linux capabilities, all others being dropped. */
  capabilities?: string[]
  /** Where it is known to others by its alias. Without it, it has no network at all. */
  network?: { name: pulumi.Input<string>; alias: string }
}

/** Seconds from SIGTERM to SIGKILL where nothing else is said: as `docker stop` and compose have it. */
const STOP_SECONDS = 10

/** It is deleted before another takes its name and ports, unless the options say otherwise. */
export function hardenedContainer(
  resource: string,
  args: HardenedArgs,
  opts: pulumi.CustomResourceOptions,
): docker.Container {
  const { limits, environment, capabilities, network, ...rest } = args
  const memory = mebibytesOf(limits.memory)
  if (memory === undefined)
    throw new pulumi.RunError(`${resource}: ${limits.memory} is no size of memory: 512M, 2G.`)
  return new docker.Container(
    resource,
    {
      restart: 'unless-stopped',
      readOnly: true,
      securityOpts: ['no-new-privileges:true'],
      logDriver: 'json-file',
      logOpts: { 'max-size': '10m', 'max-file': '3' },
      destroyGraceSeconds: STOP_SECONDS,
      ...rest,
      capabilities: { drops: ['ALL'], ...(capabilities === undefined ? {} : { adds: capabilities }) },
      cpus: asRead(limits.cpus),
      memory,
      // What Docker would set. Unsaid, it would look like drift.
      memorySwap: memory * 2,
      ...(environment === undefined
        ? {}
        : { envs: Object.entries(environment).map(([name, value]) => `${name}=${value}`) }),
      ...(network === undefined
        ? { networkMode: 'none' }
        : { networksAdvanced: [{ name: network.name, aliases: [network.alias] }] }),
    },
    pulumi.mergeOptions(
      { deleteBeforeReplace: true },
      {
        ...opts,
        // The provider would note the change and leave the container as it is.
        replaceOnChanges: ['tmpfs'],
      },
    ),
  )
}

/**
 * Cores as the provider reads them back from Docker: it compares texts, and `1` would look like a change of `1.0`. (Its rule: a
 * fraction of nine digits; one digit of it, if there are nine zeros in all; else without the zeros at its end.)
 */
export function asRead(cpus: string): string {
  const long = Number(cpus).toFixed(9)
  const read = long.match(/0/g)?.length === 9 ? Number(cpus).toFixed(1) : long.replace(/(?<!0)0+$/, '')
  // Some it rounds.
  return Number(read) === Number(cpus) ? read : cpus
}
