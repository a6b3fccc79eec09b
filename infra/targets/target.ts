/** What a target that is a Docker gives to the program. */
import type * as docker from '@pulumi/docker'
import type * as pulumi from '@pulumi/pulumi'
import type { VolumeName } from '../components/volumes.ts'

export type DockerTarget = {
  /** The Docker that runs everything. It depends on what must be there before. */
  provider: docker.Provider
  /** A directory of the host in which this volume lies; without it Docker chooses one. It has to exist. */
  directory?: (volume: VolumeName) => pulumi.Input<string> | undefined
  /** How a person gets there. Without it the host is this machine. */
  ssh?: SshAccess
  /** Where Docker listens on this machine, if somebody has to be told. */
  socket?: string
  /** What `pulumi stack output` says besides. */
  outputs?: Record<string, pulumi.Input<unknown>>
}

export type SshAccess = {
  /** `user@host` */
  destination: pulumi.Input<string>
  /** Before the destination: `-p 2222 -i ~/.ssh/id_ed25519`. */
  options: pulumi.Input<string>[]
}
