/** A container as docker-compose.yml has them all: it can do as little as possible, is limited, and stops in its own time. */
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { mebibytesOf } from '../config/kinds.ts'
import { mapped } from './inputs.ts'

export type Limits = {
  /** Cores: `0.5`. */
  cpus: pulumi.Input<string>
  /** `512M`, `2G`: what Docker calls megabytes, which are mebibytes. Swap may come to the same again, as is Docker's default. */
  memory: pulumi.Input<string>
}

export type HardenedArgs = Omit<
  docker.ContainerArgs,
  'memory' | 'memorySwap' | 'cpus' | 'privileged' | 'envs' | 'capabilities' | 'networksAdvanced' | 'ulimits'
> & {
  /** As a number: an image's own word for it could be root. */
  user: string
  limits: Limits
  /** No secret: `docker inspect` shows them to all who may ask it. */
  environment?: pulumi.Input<Record<string, pulumi.Input<string>>>
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
  const memory = mapped(limits.memory, text => {
    const size = mebibytesOf(text)
    if (size === undefined) throw new pulumi.RunError(`${resource}: ${text} is no size of memory: 512M, 2G.`)
    return size
  })
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
      cpus: mapped(limits.cpus, asRead),
      memory,
      // What Docker would set. Unsaid, it would look like drift.
      memorySwap: mapped(memory, size => size * 2),
      ...(environment === undefined ? {} : { envs: mapped(environment, lines) }),
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

const lines = (environment: Record<string, string>): string[] =>
  Object.entries(environment).map(([name, value]) => `${name}=${value}`)

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
