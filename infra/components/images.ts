/** Images: of the bus, and of the others with our files in them, each built by the Docker that runs it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as docker from '@pulumi/docker'
import type * as pulumi from '@pulumi/pulumi'
import { mapped } from './inputs.ts'
import { digestOf, sourceFiles } from './sources.ts'

/** This clone. */
export const CLONE = join(import.meta.dirname, '../..')

/** Those that docker-compose.yml names; ops/test/deployment.test.ts holds one to the other. */
export const UPSTREAM = {
  prometheus: 'prom/prometheus:v3.5.0',
  alertmanager: 'prom/alertmanager:v0.28.1',
  grafana: 'grafana/grafana:12.1.1',
  caddy: 'caddy:2.10.2',
} as const

/** The next image has to be there before the one from before may go, and with that the container that runs it. */
const FIRST_THE_NEXT: pulumi.CustomResourceOptions = { deleteBeforeReplace: false }

/** One that is in a registry, or on the host. It stays there when the resource goes: others may use it. */
function pulledImage(
  resource: string,
  name: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): docker.RemoteImage {
  return new docker.RemoteImage(resource, { name, keepLocally: true }, { ...opts, ...FIRST_THE_NEXT })
}

export type BuiltImage = {
  /** The image is called this, with a digest of its sources as the tag. */
  repository: pulumi.Input<string>
  /** The build context. */
  context: string
  /** Where the Dockerfile is, if not in the context. */
  dockerfile?: string
  /** What it takes of the context, if not all. */
  only?: readonly string[]
  args: pulumi.Input<Record<string, pulumi.Input<string>>>
}

/**
 * One that is built. A changed source makes another tag, and so another image, and so another container; the one from
 * before is removed with the container that ran it.
 */
export function builtImage(
  resource: string,
  image: BuiltImage,
  opts: pulumi.CustomResourceOptions,
): docker.RemoteImage {
  const { repository, context, dockerfile, only, args } = image
  const file = dockerfile ?? join(context, 'Dockerfile')
  const digest = (args: Record<string, string>) =>
    digestOf(context, sourceFiles(context, only), readFileSync(file, 'utf8'), JSON.stringify(args))
  return new docker.RemoteImage(
    resource,
    {
      name: mapped({ repository, args }, of => `${of.repository}:${digest(of.args)}`),
      build: {
        context,
        ...(dockerfile === undefined ? {} : { dockerfile }),
        buildArgs: args,
        // The other builder asks the Docker of this machine, whatever the provider's host is.
        useLegacyBuilder: true,
      },
      forceRemove: true,
    },
    { ...opts, ...FIRST_THE_NEXT },
  )
}

/** Where the image of the bus comes from. */
export type BusImage = {
  /** A name with a digest or a tag of its own, which is pulled unless the host has it; without it, one is built. */
  image?: pulumi.Input<string>
  /** A clone of the bus, to build from. Relative paths start where `pulumi` runs. Default: the clone that this file is in. */
  source?: string
  /** The Dockerfile's BUILD_IMAGE and BASE_IMAGE, to pin them by digest. */
  buildImage?: pulumi.Input<string>
  baseImage?: pulumi.Input<string>
}

export function busImage(
  resource: string,
  name: pulumi.Input<string>,
  { image, source = CLONE, buildImage, baseImage }: BusImage,
  opts: pulumi.CustomResourceOptions,
): docker.RemoteImage {
  if (image) return pulledImage(resource, image, opts)
  const args = {
    ...(buildImage ? { BUILD_IMAGE: buildImage } : {}),
    ...(baseImage ? { BASE_IMAGE: baseImage } : {}),
  }
  return builtImage(resource, { repository: name, context: source, args }, opts)
}
