/** Named volumes: what a deployment keeps. */
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { mapped } from './inputs.ts'

/** As in docker-compose.yml. */
export type VolumeName =
  | 'bus-data'
  | 'bus-backups'
  | 'bus-secrets'
  | 'metrics-token'
  | 'grafana-password'
  | 'prometheus-data'
  | 'alertmanager-data'
  | 'grafana-data'
  | 'caddy-data'
  | 'caddy-config'

export type VolumesArgs = {
  /** What their names on the host begin with: `intent-bus` makes `intent-bus-bus-data`. */
  name: pulumi.Input<string>
  /** Whether they go when the resource goes. Without it they outlive `pulumi destroy`, and the next `pulumi up` finds them. */
  deleteData: boolean
  /** A directory of the host for a volume; it has to exist. Without one, Docker chooses. */
  directory?: ((volume: VolumeName) => pulumi.Input<string> | undefined) | undefined
}

/**
 * A volume that nothing replaces: whatever is changed about it later, the container goes on with the one it has. Unless
 * `deleteData` says so, it is not deleted either. (Pulumi's own `protect` would see to that by failing all of `pulumi destroy`.)
 *
 * @param component the name of the resource that it belongs to, which `args.name` may change under
 */
export function keptVolume(
  component: string,
  volume: VolumeName,
  args: VolumesArgs,
  opts: pulumi.CustomResourceOptions,
): docker.Volume {
  const device = args.directory?.(volume)
  return new docker.Volume(
    `${component}-${volume}`,
    {
      name: mapped(args.name, name => `${name}-${volume}`),
      ...(device === undefined ? {} : { driver: 'local', driverOpts: { type: 'none', o: 'bind', device } }),
    },
    pulumi.mergeOptions(opts, {
      retainOnDelete: !args.deleteData,
      ignoreChanges: ['name', 'driver', 'driverOpts', 'labels'],
    }),
  )
}
